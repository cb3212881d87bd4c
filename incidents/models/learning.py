"""Postmortems, what was published of them, and action items."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.learning.states import ACTION, OWED, POSTMORTEM
from incidents.learning.template import CAUSES, PRIORITIES
from incidents.models.response import Incident
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

POSTMORTEM_PREFIX = "PM"
ACTION_PREFIX = "ACT"


class Postmortem(models.Model):
    """What is learned from one incident. `sections` maps a part's key to its Markdown."""

    id = models.BigAutoField(primary_key=True)
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="postmortem")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="postmortems")
    sections = models.JSONField(default=dict)
    cause = models.CharField(max_length=20, blank=True, default="", choices=list(CAUSES.items()))
    state = models.CharField(
        max_length=10, choices=POSTMORTEM.choices, default=POSTMORTEM.initial, editable=False
    )
    waiver = models.TextField(blank=True, default="", editable=False)
    created_at = models.DateTimeField(editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    # Of the first publication; what was published stands in the snapshots.
    published_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            POSTMORTEM.constraint("postmortem_state_known"),
            models.CheckConstraint(
                name="postmortem_waived_with_reason", condition=~Q(state="waived") | ~Q(waiver="")
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="postmortem_updated"),
            models.Index(fields=["cause", "incident"], name="postmortem_cause", condition=~Q(cause="")),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(POSTMORTEM_PREFIX, self.pk)


class PostmortemSnapshot(AppendOnly):
    """A postmortem as it was published, with the timeline and the figures of that moment. Never changed.

    `content` is what `content_hash` (SHA-256 of its canonical JSON) is of. Persons stand in it by id.
    """

    postmortem = models.ForeignKey(Postmortem, on_delete=models.PROTECT, related_name="snapshots")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "number"], name="postmortem_snapshot_once")
        ]

    def __str__(self) -> str:
        return f"{self.postmortem_id} published {self.number}"


class ActionItem(models.Model):
    """Something that is done so that it does not happen again, by somebody, by a time."""

    id = models.BigAutoField(primary_key=True)
    postmortem = models.ForeignKey(Postmortem, on_delete=models.PROTECT, related_name="action_items")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="action_items")
    priority = models.CharField(max_length=6, choices=list(PRIORITIES.items()), default="medium")
    due_at = models.DateTimeField()
    # By value: the change that brings it, `CHG-1042`.
    change_key = models.CharField(max_length=30, blank=True, default="")
    state = models.CharField(max_length=12, choices=ACTION.choices, default=ACTION.initial, editable=False)
    outcome = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField(editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    verified_at = models.DateTimeField(null=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            ACTION.constraint("action_item_state_known"),
            models.CheckConstraint(name="action_item_priority_known", condition=Q(priority__in=PRIORITIES)),
            models.CheckConstraint(
                name="action_item_done_when",
                condition=Q(state__in=["done", "verified"], done_at__isnull=False)
                | Q(state__in=["open", "in_progress", "dropped"], done_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_at", "id"], name="action_item_owed", condition=Q(state__in=OWED)
            ),
            models.Index(fields=["due_at", "id"], name="action_item_due"),
            models.Index(fields=["opened_at", "id"], name="action_item_opened"),
            models.Index(fields=["updated_at", "id"], name="action_item_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(ACTION_PREFIX, self.pk)

    @property
    def change_url(self) -> str:
        """The path of the page of the change that brings it, `""` where none is named."""
        return f"/changes/{self.change_key}/" if self.change_key else ""
