"""Pages: what must reach somebody now, by one way after the other, until it is answered."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from opsportal.notify.models.contacts import ContactMethod
from opsportal.notify.models.targets import ChannelTarget
from opsportal.notify.states import PAGE


class Page(models.Model):
    """One page for one person or one channel target. Its steps are its deliveries.

    `page_key` makes it once. `reference` is what it is about for those who stop it (`INC-9`); of one
    reference a person has one page that waits, and a newer one takes over from it, with `started_at`
    of the older one, so that a call which was five minutes away is not put off by every repeat.
    """

    class Purpose(models.TextChoices):
        PAGE = "page", "Page"
        TEST = "test", "Test"
        CODE = "code", "Verification code"

    class Urgency(models.TextChoices):
        HIGH = "high", "High"
        LOW = "low", "Low"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.PAGE)
    page_key = models.CharField(max_length=160)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pages", null=True, blank=True
    )
    target = models.ForeignKey(
        ChannelTarget, on_delete=models.PROTECT, related_name="pages", null=True, blank=True
    )
    method = models.ForeignKey(
        ContactMethod, on_delete=models.SET_NULL, related_name="pages", null=True, blank=True
    )
    subject = models.CharField(max_length=200)
    body = models.TextField()
    url = models.CharField(max_length=300, blank=True, default="")
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.HIGH)
    about = models.CharField(max_length=100, blank=True, default="")
    reference = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=15, choices=PAGE.choices, default=PAGE.initial)
    started_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    correlation_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            PAGE.constraint("page_state"),
            models.CheckConstraint(
                name="page_for_one",
                condition=models.Q(recipient__isnull=False, target__isnull=True)
                | models.Q(recipient__isnull=True, target__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["page_key", "recipient"],
                name="page_once",
                condition=models.Q(recipient__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["page_key", "target"],
                name="page_once_target",
                condition=models.Q(target__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["reference", "recipient"],
                name="page_one_waits",
                condition=models.Q(state="paging", recipient__isnull=False) & ~models.Q(reference=""),
            ),
        ]
        indexes = [
            models.Index(fields=["reference", "state"], name="page_reference"),
            models.Index(fields=["recipient", "-created_at", "-id"], name="page_of_person"),
            models.Index(fields=["created_at"], name="page_created"),
        ]

    def __str__(self) -> str:
        return self.subject
