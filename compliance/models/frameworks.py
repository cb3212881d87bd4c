"""Frameworks and their requirements, as the importer last read them."""

from __future__ import annotations

from django.db import models

from compliance.controlling.frameworks import PARAPHRASE, REFERENCE, SECTION_TITLE, SHORT, TITLE
from compliance.controlling.states import REQUIREMENT
from opsportal.audit.history import history


class Framework(models.Model):
    """A framework that controls are mapped to. `edition` grows with each import of another content."""

    class Origin(models.TextChoices):
        SHIPPED = "shipped", "Comes with the portal"
        OWN = "own", "Uploaded here"

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=TITLE)
    published_version = models.CharField(max_length=SHORT)
    publisher = models.CharField(max_length=SHORT, blank=True, default="")
    origin = models.CharField(max_length=7, choices=Origin)
    content_hash = models.CharField(max_length=64)
    edition = models.PositiveIntegerField(default=1)
    imported_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.CheckConstraint(
                name="framework_origin_known", condition=models.Q(origin__in=["shipped", "own"])
            )
        ]

    def __str__(self) -> str:
        return self.title


class Requirement(models.Model):
    """One requirement of a framework. What a later edition leaves out stays, with what was mapped to it."""

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="requirements")
    reference = models.CharField(max_length=REFERENCE)
    section = models.CharField(max_length=REFERENCE)
    section_title = models.CharField(max_length=SECTION_TITLE)
    text = models.CharField(max_length=PARAPHRASE)
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=7, choices=REQUIREMENT.choices, default=REQUIREMENT.initial)

    history = history()

    class Meta:
        ordering = ["framework", "position", "id"]
        constraints = [
            REQUIREMENT.constraint("requirement_state_known"),
            models.UniqueConstraint(fields=["framework", "reference"], name="requirement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.framework_id} {self.reference}"
