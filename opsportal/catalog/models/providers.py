"""What the organisation leans on and does not run itself."""

from __future__ import annotations

from datetime import date

from django.db import models

from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.catalog.models.services import Service
from opsportal.catalog.states import PROVIDER


class Provider(models.Model):
    """An external provider: a bank, a cloud, a mail sender. The slug is its identity and never changes.

    `key_expires_on` is the last day (UTC, inclusive) on which the key or contract that we use it by is
    good; nothing secret is kept here. On `remind_on` its owners are told next that it ends, `expiry` says
    when; empty where they have been told all, or there is no such day.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="providers")
    status_url = models.CharField("status page", max_length=500, blank=True, default="")
    contact = models.CharField(max_length=300, blank=True, default="")
    key_expires_on = models.DateField("key expires on", null=True, blank=True)
    remind_on = models.DateField(null=True, blank=True, editable=False)
    state = models.CharField(
        max_length=10, choices=PROVIDER.choices, default=PROVIDER.initial, editable=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["remind_on"])

    class Meta:
        ordering = ["name", "id"]
        constraints = [PROVIDER.constraint("provider_state_known")]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="provider_updated"),
            models.Index(
                fields=["key_expires_on"],
                name="provider_key",
                condition=models.Q(state="active", key_expires_on__isnull=False),
            ),
            models.Index(
                fields=["remind_on", "id"],
                name="provider_remind",
                condition=models.Q(state="active", remind_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def days_left(self, today: date) -> int | None:
        """Return for how many more days after `today` (UTC) its key is good; None where it has no date."""
        return None if self.key_expires_on is None else (self.key_expires_on - today).days


class ProviderUse(models.Model):
    """A service leans on a provider."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="uses")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="provider_uses")

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "service"], name="provider_use_once")]

    def __str__(self) -> str:
        return f"{self.service_id} uses {self.provider_id}"
