"""What must be recoverable, and the backups of it that were reported."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.recovery.points import KINDS
from compliance.recovery.states import ASSET
from compliance.recovery.words import ASSET_KINDS, DATA_TYPES, RESULTS, TIERS
from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

ASSET_PREFIX = "AST"


class Asset(models.Model):
    """Something that is backed up: a database, a folder, a configuration. The slug never changes.

    `own_tier` is empty where the tier of its service counts. `owner` owes what is missing. `record_class`
    names the class of records whose retention its data follows, `""` for none; `kept_for` is for how long the
    asset itself keeps them, as its owner says: `7 years`, `forever`.
    """

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=14, choices=ASSET_KINDS)
    data_type = models.CharField(max_length=14, choices=DATA_TYPES)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="assets"
    )
    own_tier = models.CharField("tier of its own", max_length=12, choices=TIERS, blank=True, default="")
    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assets")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_assets")
    record_class = models.CharField(max_length=60, blank=True, default="")
    kept_for = models.CharField("keeps its records for", max_length=20, blank=True, default="")
    place = models.CharField(max_length=300, blank=True, default="")
    description = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, choices=ASSET.choices, default=ASSET.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            ASSET.constraint("asset_state_known"),
            models.CheckConstraint(
                name="asset_has_a_tier", condition=~Q(own_tier="") | Q(service__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="asset_name"),
            models.Index(fields=["updated_at", "id"], name="asset_updated"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return format_key(ASSET_PREFIX, self.pk)

    @property
    def tier(self) -> str:
        """Return its own tier, else that of its service, which is loaded."""
        return self.own_tier or (self.service.tier if self.service else "supporting")


class Backup(AppendOnly):
    """One backup as a backup program or a person reported it. Written once.

    `covers_until` is up to when the data in it reaches: without word of it when the backup began, the most
    careful reading. `external_id` is the sender's own name for it, once for each asset.
    """

    id = models.BigAutoField(primary_key=True)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="backups")
    kind = models.CharField(max_length=12, choices=KINDS)
    result = models.CharField(max_length=9, choices=RESULTS)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    covers_until = models.DateTimeField()
    retention_until = models.DateTimeField(null=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    checksum = models.CharField(max_length=71, blank=True, default="")
    encrypted = models.BooleanField(null=True)
    place = models.CharField(max_length=300, blank=True, default="")
    tool = models.CharField(max_length=60, blank=True, default="")
    external_id = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by_kind = models.CharField(max_length=20)
    recorded_by_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "external_id"], name="backup_external_once", condition=~Q(external_id="")
            ),
            models.CheckConstraint(
                name="backup_ends_after_start",
                condition=Q(finished_at__gte=F("started_at"), covers_until__lte=F("finished_at")),
            ),
            models.CheckConstraint(
                name="backup_result_known", condition=Q(result__in=["succeeded", "failed"])
            ),
        ]
        indexes = [
            models.Index(fields=["asset", "-finished_at", "-id"], name="backup_of_asset"),
            models.Index(fields=["finished_at", "id"], name="backup_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} backup {self.pk} of {self.asset_id}"
