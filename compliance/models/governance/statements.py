"""What people state: declarations that the standard asks for, and how ready a service is."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.governing.kinds import READINESS
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

DECLARATION_PREFIX = "DCL"


class Declaration(AppendOnly):
    """Somebody declares what a rule lets them declare. `evidence` is an address or a key of the portal."""

    id = models.BigAutoField(primary_key=True)
    rule_id = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    standard_hash = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=100)
    text = models.TextField()
    evidence = models.CharField(max_length=500, blank=True, default="")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="declaration_valid_ahead",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("declared_at")),
            )
        ]
        indexes = [
            models.Index(fields=["rule_id", "subject_kind", "subject_key", "-id"], name="declaration_rule"),
            models.Index(fields=["-declared_at", "-id"], name="declaration_day"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(DECLARATION_PREFIX, self.pk)


class ReadinessStatement(AppendOnly):
    """Somebody states whether one item of a service's readiness holds. The last one of an item counts."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="readiness_statements")
    item = models.CharField(max_length=12, choices=list(READINESS.items()))
    is_met = models.BooleanField()
    text = models.TextField()
    evidence = models.CharField(max_length=500, blank=True, default="")
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="readiness_item_known", condition=Q(item__in=READINESS)),
            models.CheckConstraint(
                name="readiness_valid_ahead", condition=Q(valid_until__gt=models.F("stated_at"))
            ),
        ]
        indexes = [models.Index(fields=["service", "item", "-id"], name="readiness_latest")]

    def __str__(self) -> str:
        return f"{self.service_id} {self.item}"
