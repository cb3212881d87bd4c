"""Access reviews: a frozen list of who holds what, and who decided what about each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.governing.kinds import HOLDINGS, MOVES
from compliance.governing.states import ACCESS_REVIEW, HOLDING
from opsportal.accounts.models import ServiceAccount
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

ACCESS_REVIEW_PREFIX = "ACR"


class AccessReview(models.Model):
    """One look at everything that anybody holds. `list_hash` is the SHA-256 of the list as it was frozen."""

    id = models.BigAutoField(primary_key=True)
    note = models.TextField(blank=True, default="")
    state = models.CharField(
        max_length=10, choices=ACCESS_REVIEW.choices, default=ACCESS_REVIEW.initial, editable=False
    )
    # What came and went is listed from here on: when the review before was opened.
    since = models.DateTimeField(null=True, editable=False)
    list_hash = models.CharField(max_length=64, editable=False)
    due_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            ACCESS_REVIEW.constraint("access_review_state_known"),
            models.UniqueConstraint(
                fields=["state"], name="access_review_one_open", condition=Q(state="open")
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="access_review_updated")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(ACCESS_REVIEW_PREFIX, self.pk)


class AccessHolding(models.Model):
    """One thing that one person or machine held when the review was opened.

    `row_key` is the row of accounts by value, so that the same one is taken away. `reviewer` decides; where
    there is none, any administrator but the holder does.
    """

    id = models.BigAutoField(primary_key=True)
    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="holdings")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=13, choices=list(HOLDINGS.items()))
    row_key = models.CharField(max_length=40)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="reviewed_holdings"
    )
    account = models.ForeignKey(ServiceAccount, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.CharField(max_length=400)
    scope = models.CharField(max_length=80, blank=True, default="")
    held_from = models.DateField(null=True)
    held_until = models.DateField(null=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="holdings_to_review"
    )
    state = models.CharField(max_length=9, choices=HOLDING.choices, default=HOLDING.initial, editable=False)
    reason = models.TextField(blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            HOLDING.constraint("access_holding_state_known"),
            models.UniqueConstraint(fields=["review", "number"], name="access_holding_number"),
            models.UniqueConstraint(fields=["review", "kind", "row_key"], name="access_holding_once"),
            models.CheckConstraint(
                name="access_holding_held_by_one",
                condition=Q(person__isnull=False, account__isnull=True)
                | Q(person__isnull=True, account__isnull=False),
            ),
            models.CheckConstraint(
                name="access_holding_decided_by_another",
                condition=Q(decided_by__isnull=True)
                | Q(person__isnull=True)
                | ~Q(decided_by=models.F("person")),
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "state", "id"], name="access_holding_reviewer")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.what}"


class AccessMove(AppendOnly):
    """Who joined, moved or left between the review before and this one, and by what."""

    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="moves")
    kind = models.CharField(max_length=6, choices=list(MOVES.items()))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["review", "at", "id"], name="access_move_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.person_id}"
