"""Keeping the words of a change, in the transaction that changes them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from changes.mentions import without_tokens
from changes.models import Change, ChangeComment, ChangeTarget, SearchDocument
from changes.search_words import searchable
from changes.services.content import TEXTS

BODY = (*(name for name in TEXTS if name != "title"), "review", "lessons_learned")


def words_put(change: Change, targets: Iterable[ChangeTarget]) -> None:
    """Write the words of a change that the caller has locked or just made, for search.

    Two statements, two more on SQLite. Where there is too much, the oldest comments are not found.
    """
    comments = ChangeComment.objects.filter(change=change).order_by("-id").values_list("text", flat=True)
    names = {name for target in targets for name in (target.service.slug, target.environment.slug)}
    document = SearchDocument(
        change=change,
        title=searchable([change.title]),
        names=searchable([change.key, *change.tags, *sorted(names)]),
        body=searchable([*(getattr(change, name) for name in BODY), *map(without_tokens, comments[:500])]),
    )
    SearchDocument.objects.bulk_create(
        [document],
        update_conflicts=True,
        unique_fields=["change"],
        update_fields=["title", "names", "body"],
    )
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM changes_search WHERE rowid = %s", [change.pk])
            cursor.execute(
                "INSERT INTO changes_search (rowid, title, names, body) VALUES (%s, %s, %s, %s)",
                [change.pk, document.title, document.names, document.body],
            )
