"""Standards as they were stored, and when each was put in force. Both are written once."""

from __future__ import annotations

from django.db import models

from opsportal.audit.models import AppendOnly


class StandardVersion(AppendOnly):
    """One version of one standard.

    `content` is the canonical JSON of everything in it, inherited rules too, and `content_hash` its
    SHA-256: what a change was submitted under can be read again, whatever has become of the files.
    `source` is the pack as its author wrote it.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.SlugField(max_length=60)
    version = models.CharField(max_length=200)
    # A pack that is shipped may be read better by a later portal, while the document keeps its version.
    edition = models.PositiveSmallIntegerField(default=1, db_default=1)
    title = models.CharField(max_length=200)
    content_hash = models.CharField(max_length=64, unique=True)
    content = models.TextField()
    source = models.TextField()
    stored_at = models.DateTimeField()
    stored_by_kind = models.CharField(max_length=20)
    stored_by_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "standard"
        constraints = [
            models.UniqueConstraint(fields=["name", "version", "edition"], name="standard_edition_once")
        ]
        indexes = [models.Index(fields=["name", "-id"], name="standard_newest")]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class StandardDocument(AppendOnly):
    """The document that a standard was written from, byte for byte. Standards name it by its SHA-256."""

    id = models.BigAutoField(primary_key=True)
    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    stored_at = models.DateTimeField()
    stored_by_kind = models.CharField(max_length=20)
    stored_by_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.sha256


class Review(AppendOnly):
    """Somebody reviewed a standard and set the day of its next review. The newest row counts."""

    id = models.BigAutoField(primary_key=True)
    standard = models.ForeignKey(StandardVersion, on_delete=models.PROTECT, related_name="reviews")
    next_review = models.DateField()
    note = models.TextField(blank=True, default="")
    reviewed_at = models.DateTimeField()
    reviewed_by_kind = models.CharField(max_length=20)
    reviewed_by_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.standard_id}, next on {self.next_review}"


class Activation(AppendOnly):
    """A standard was put in force. The newest row names the active one."""

    id = models.BigAutoField(primary_key=True)
    standard = models.ForeignKey(StandardVersion, on_delete=models.PROTECT, related_name="activations")
    activated_at = models.DateTimeField()
    activated_by_kind = models.CharField(max_length=20)
    activated_by_id = models.CharField(max_length=64, blank=True)
    # The key of the change that put it in force; none for the first standard of an installation. Unique
    # without a condition, since only such keys are guarded against INSERT OR REPLACE.
    change = models.CharField(max_length=30, null=True, blank=True, unique=True)

    def __str__(self) -> str:
        return f"{self.standard_id} at {self.activated_at}"
