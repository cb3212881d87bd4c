"""What is on its way through a channel, and each attempt: the ledger. No names, no addresses."""

from __future__ import annotations

import uuid

from django.db import models

from opsportal.notify.models.contacts import ContactMethod
from opsportal.notify.models.digests import Digest
from opsportal.notify.models.notifications import Notification
from opsportal.notify.models.pages import Page
from opsportal.notify.states import DELIVERY


class Delivery(models.Model):
    """One notification, digest, or step of a page, through one channel.

    The address is looked up when it is sent: that of `method`, else of the account, else of the page's
    target. `circuit` names what is left in peace together after a failure, where that is not the channel.
    `attempt` counts claims, is never reset, and fences; `tries` counts towards giving up; `due_at` is
    when it may be claimed next, and while it is claimed the end of the lease.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True
    )
    digest = models.OneToOneField(
        Digest, on_delete=models.CASCADE, related_name="delivery", null=True, blank=True
    )
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    method = models.ForeignKey(
        ContactMethod, on_delete=models.SET_NULL, related_name="deliveries", null=True, blank=True
    )
    channel = models.CharField(max_length=20)
    circuit = models.CharField(max_length=100, blank=True, default="", db_default="")
    state = models.CharField(max_length=10, choices=DELIVERY.choices, default=DELIVERY.initial)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            DELIVERY.constraint("delivery_state"),
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once"),
            models.CheckConstraint(
                name="delivery_carries_one",
                condition=models.Q(notification__isnull=False, digest__isnull=True, page__isnull=True)
                | models.Q(notification__isnull=True, digest__isnull=False, page__isnull=True)
                | models.Q(notification__isnull=True, digest__isnull=True, page__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["page", "position"], name="delivery_page_step", condition=models.Q(page__isnull=False)
            ),
            models.CheckConstraint(
                name="delivery_due_while_waiting",
                condition=models.Q(state="waiting", due_at__isnull=False)
                | (~models.Q(state="waiting") & models.Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=models.Q(state="waiting")),
            models.Index(
                fields=["due_at", "id"],
                name="delivery_due_page",
                condition=models.Q(state="waiting", page__isnull=False),
            ),
            models.Index(fields=["created_at"], name="delivery_dead", condition=models.Q(state="dead")),
            models.Index(
                fields=["finished_at"], name="delivery_over", condition=models.Q(finished_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id}"

    @property
    def message(self) -> Notification | Digest | Page:
        """What it carries."""
        carried = self.notification or self.digest or self.page
        assert carried is not None  # noqa: S101 - the database holds it
        return carried


class DeliveryAttempt(models.Model):
    """One claim of a delivery and what came of it. The row is written before anything is handed over.

    `receipt` is the name under which the provider took it: what to ask them for.
    """

    class Outcome(models.TextChoices):
        STARTED = "started", "Under way"
        SENT = "sent", "Sent"
        TRY_AGAIN = "try_again", "Failed, will be tried again"
        REFUSED = "refused", "Refused for good"
        CHANNEL_AWAY = "channel_away", "The channel was away"
        SKIPPED = "skipped", "Not needed any more"
        HELD = "held", "Held until the quiet hours are over"
        LOST = "lost", "The worker died or stood still"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=15, choices=Outcome, default=Outcome.STARTED)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True, default="")
    receipt = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="delivery_attempt_once")]
        ordering = ["delivery", "number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"
