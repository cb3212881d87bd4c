"""Requests of persons about what is kept of them, with their deadline."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.governing.kinds import REQUESTS
from compliance.governing.states import PERSON_REQUEST, REQUEST_OPEN
from opsportal.audit.history import history
from opsportal.core.keys import format_key

PERSON_REQUEST_PREFIX = "PRQ"


class PersonRequest(models.Model):
    """What somebody asks. No more is kept of them than a reference of ours, and how to answer them.

    How to answer (`contact`) stands in no history, and goes 30 days after the end (`forget_at`).
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=list(REQUESTS.items()))
    reference = models.CharField(max_length=100, help_text="Opaque: a customer number, a ticket, an id.")
    contact = models.CharField(max_length=300, blank=True, default="")
    # A member of the portal, where the request is about what it keeps of them.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    systems = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(
        max_length=10, choices=PERSON_REQUEST.choices, default=PERSON_REQUEST.initial, editable=False
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="person_requests"
    )
    # Who took it in. They knew who asks, whoever handles it then.
    taken_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(editable=False)
    extended_because = models.TextField(blank=True, default="", editable=False)
    identified_how = models.CharField(max_length=300, blank=True, default="", editable=False)
    identified_at = models.DateTimeField(null=True, editable=False)
    identified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    outcome = models.TextField(blank=True, default="", editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    forget_at = models.DateTimeField(null=True, editable=False)
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    recorded_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["contact"])

    class Meta:
        constraints = [
            PERSON_REQUEST.constraint("person_request_state_known"),
            models.CheckConstraint(name="person_request_kind_known", condition=Q(kind__in=REQUESTS)),
            models.CheckConstraint(
                name="person_request_ended",
                condition=Q(state__in=REQUEST_OPEN, ended_at__isnull=True)
                | (~Q(state__in=REQUEST_OPEN) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="person_request_due", condition=Q(state__in=REQUEST_OPEN)
            ),
            models.Index(
                fields=["forget_at"], name="person_request_forget", condition=Q(forget_at__isnull=False)
            ),
            models.Index(fields=["updated_at", "id"], name="person_request_updated"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return format_key(PERSON_REQUEST_PREFIX, self.pk)
