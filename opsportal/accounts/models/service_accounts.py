"""Machines that use the API, and their tokens."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models

from opsportal.accounts.models.teams import Team
from opsportal.accounts.states import SERVICE_ACCOUNT
from opsportal.audit.history import history
from opsportal.core.actor import Actor


class ServiceAccount(models.Model):
    """A pipeline or another program. It can never approve anything."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.CharField(max_length=200, blank=True, default="")
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="service_accounts"
    )
    state = models.CharField(
        max_length=10, choices=SERVICE_ACCOUNT.choices, default=SERVICE_ACCOUNT.initial, editable=False
    )
    created_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["slug"]
        constraints = [SERVICE_ACCOUNT.constraint("service_account_state_known")]

    def __str__(self) -> str:
        return self.slug


class ApiToken(models.Model):
    """A token of a service account. Only the SHA-256 of its secret is kept; the secret is shown once.

    The secret has 256 random bits, so a plain hash is as good as a slow one and costs the gate nothing.
    """

    account = models.ForeignKey(ServiceAccount, on_delete=models.PROTECT, related_name="tokens")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    history = history(excluded=["digest"])

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="token_expires_after_creation", condition=models.Q(expires_at__gt=models.F("created_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_usable(self, at: datetime) -> bool:
        """Return whether the token is neither revoked nor expired at `at` (aware UTC)."""
        return self.revoked_at is None and at < self.expires_at

    @property
    def actor(self) -> Actor:
        """Return the actor on whose behalf a request with this token writes. Reads the account."""
        return Actor.service_account(self.account_id, frozenset(self.scopes))
