"""Standard-change templates: a procedure that a board has approved beforehand."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from changes.states import TEMPLATE
from opsportal.audit.history import history
from opsportal.catalog.models import Environment, Service


class ChangeTemplate(models.Model):
    """What a standard change of this kind always does, for these services and environments."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField()
    risk = models.CharField(max_length=6, default="low")
    plan = models.TextField()
    rollback_plan = models.TextField(blank=True, default="")
    valid_until = models.DateField(null=True, blank=True)
    # Whether a pipeline that registers a deployment opens a change from it, or only people do.
    pipelines = models.BooleanField(default=True, db_default=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="change_templates"
    )
    author_ids = models.JSONField(default=list, editable=False)

    state = models.CharField(
        max_length=10, choices=TEMPLATE.choices, default=TEMPLATE.initial, editable=False
    )
    revision = models.PositiveIntegerField(default=1, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    # Counts the rounds of approval, so that what is owed for one is not taken for what is owed for the next.
    submissions = models.PositiveIntegerField(default=0, editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title"]
        constraints = [TEMPLATE.constraint("template_state_known")]

    def __str__(self) -> str:
        return self.title


class TemplateTarget(models.Model):
    """One service in one environment for which the template may be used."""

    template = models.ForeignKey(ChangeTemplate, on_delete=models.PROTECT, related_name="targets")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["template", "service", "environment"], name="template_target_once"
            ),
        ]
        indexes = [models.Index(fields=["service", "environment", "template"], name="template_target_place")]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.environment_id}"
