"""Services and what they lean on."""

from __future__ import annotations

from django.db import models

from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.catalog.states import SERVICE


class Service(models.Model):
    """Something that is deployed, owned by a team. The slug is its identity and never changes."""

    class Tier(models.TextChoices):
        CRITICAL = "critical", "Critical"
        CORE = "core", "Core"
        SUPPORTING = "supporting", "Supporting"

    class DataClassification(models.TextChoices):
        PUBLIC = "public", "Public"
        INTERNAL = "internal", "Internal"
        CONFIDENTIAL = "confidential", "Confidential"
        RESTRICTED = "restricted", "Restricted"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    tier = models.CharField(max_length=12, choices=Tier)
    data_classification = models.CharField(max_length=14, choices=DataClassification)
    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    links = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=SERVICE.choices, default=SERVICE.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["name", "id"]
        constraints = [SERVICE.constraint("service_state_known")]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="service_updated"),
            models.Index(fields=["name", "id"], name="service_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Dependency(models.Model):
    """`service` leans on `depends_on`: hard (down without it) or soft (worse without it)."""

    class Kind(models.TextChoices):
        HARD = "hard", "Hard"
        SOFT = "soft", "Soft"

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="dependencies")
    depends_on = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="dependants")
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.HARD)
    created_at = models.DateTimeField(editable=False)

    history = history()

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["service", "depends_on"], name="dependency_once"),
            models.CheckConstraint(
                name="dependency_not_on_itself", condition=~models.Q(service=models.F("depends_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} depends on {self.depends_on_id}"
