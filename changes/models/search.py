"""What full-text search looks through: the words of each change, written with it."""

from __future__ import annotations

from django.db import models

from changes.models.changes import Change


class SearchDocument(models.Model):
    """The words of a change, by how much they count. Derived: `changes.services.searching` writes it.

    The index beneath is the database's own, made by migration: a generated `tsvector` with GIN on
    PostgreSQL, an FTS5 table of the same words on SQLite.
    """

    change = models.OneToOneField(
        Change, on_delete=models.CASCADE, primary_key=True, related_name="search_document"
    )
    title = models.TextField(blank=True, default="")
    names = models.TextField(blank=True, default="")
    body = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"words of {self.change_id}"
