"""Who is away from when to when, and who stands in for them meanwhile."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from opsportal.accounts.models.roles import Role
from opsportal.audit.history import history

MAX_REASON = 300


class Absence(models.Model):
    """One person is away from an instant to another (aware UTC, the end is not part of it).

    The reason is personal: it is kept out of the history, and goes when the person is erased.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    history = history(excluded=["reason", "updated_at"])

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(name="absence_ends_after_start", condition=Q(ends_at__gt=F("starts_at")))
        ]
        indexes = [models.Index(fields=["person", "ends_at"], name="absence_person")]

    def __str__(self) -> str:
        return f"absence of {self.person_id}"


class Deputyship(models.Model):
    """One person stands in for another: whenever they are away, or in one absence only.

    It gives nothing by itself. It counts while the principal is away, for the roles that they hold
    then (or for one of them), and no further than they hold them.
    """

    principal = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deputyships"
    )
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="standing_in")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    absence = models.ForeignKey(
        Absence, on_delete=models.PROTECT, null=True, blank=True, related_name="deputyships"
    )
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until", null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    history = history(excluded=["updated_at"])

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(name="deputyship_of_another", condition=~Q(principal=F("deputy"))),
            models.CheckConstraint(
                name="deputyship_ends_after_start",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["principal", "starts_at"], name="deputyship_principal"),
            models.Index(fields=["deputy", "starts_at"], name="deputyship_deputy"),
        ]

    def __str__(self) -> str:
        return f"{self.deputy_id} for {self.principal_id}"
