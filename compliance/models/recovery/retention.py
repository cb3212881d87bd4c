"""What must not be deleted for now, and what was deleted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models.recovery.assets import Asset
from compliance.recovery.states import HOLD
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

HOLD_PREFIX = "HLD"


class LegalHold(models.Model):
    """Records that nobody deletes while it stands, whatever a rule allows.

    It covers one class of records, or all of them (`""`); with `asset`, only what is of that one. Days are
    those on which the records were made, `until` exclusive; None leaves that side open.
    """

    id = models.BigAutoField(primary_key=True)
    records = models.CharField(max_length=60, blank=True, default="")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="holds")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField()
    state = models.CharField(max_length=6, choices=HOLD.choices, default=HOLD.initial, editable=False)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, editable=False)
    lifted_reason = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            HOLD.constraint("hold_state_known"),
            models.CheckConstraint(
                name="hold_end_fits_state",
                condition=Q(state="placed", lifted_at=None) | Q(state="lifted", lifted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="hold_ends_after_start",
                condition=Q(since=None) | Q(until=None) | Q(until__gt=F("since")),
            ),
        ]
        indexes = [models.Index(fields=["state", "records"], name="hold_of_class")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(HOLD_PREFIX, self.pk)


class Purge(AppendOnly):
    """What stays of records that were deleted: how many, of when, their hash, and by which rule."""

    id = models.BigAutoField(primary_key=True)
    records = models.CharField(max_length=60)
    before = models.DateTimeField()
    rows = models.PositiveBigIntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    oldest_at = models.DateTimeField()
    newest_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    rules = models.JSONField(default=list)
    standard_hash = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["records", "-id"], name="purge_of_class")]

    def __str__(self) -> str:
        return f"{self.rows} {self.records} before {self.before:%Y-%m-%d}"
