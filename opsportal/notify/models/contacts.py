"""How people can be reached, and in which order. The addresses stand here and nowhere else."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from opsportal.audit.history import history
from opsportal.notify.states import METHOD

# What names the person, and the workings of a verification.
_OUTSIDE_HISTORY = ["address", "code_nonce", "code_sent_at", "code_expires_at", "code_tries", "codes_sent"]


class ContactMethod(models.Model):
    """One way to reach one person. Nothing but a code goes there before it is verified.

    The code itself is not stored: it is made of `code_nonce` under the portal's secret key, so that the
    database alone tells nobody what was sent. A removed one keeps its row, for the ledger, and no address.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contact_methods"
    )
    kind = models.CharField(max_length=20)
    address = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=METHOD.choices, default=METHOD.initial)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=100, blank=True, default="")
    code_nonce = models.CharField(max_length=43, blank=True, default="")
    code_sent_at = models.DateTimeField(null=True, blank=True)
    code_expires_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    codes_sent = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=_OUTSIDE_HISTORY)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            METHOD.constraint("contact_method_state"),
            models.UniqueConstraint(
                fields=["user", "kind", "address"],
                name="contact_method_once",
                condition=~models.Q(state="removed"),
            ),
            models.CheckConstraint(
                name="contact_method_removed_has_no_address",
                condition=(models.Q(state="removed") & models.Q(address=""))
                | (~models.Q(state="removed") & ~models.Q(address="")),
            ),
        ]
        indexes = [
            # The sender of a message that came in: "ack" by text, a button in Slack.
            models.Index(
                fields=["kind", "address"], name="contact_method_sender", condition=models.Q(state="verified")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ReachPlan(models.Model):
    """In which order one person wants to be paged; who has no row has the default of `notify.reach`.

    Each list holds `{"method": id or "account", "after": minutes}`. `version` is 0 until the first save.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reach_plan")
    high = models.JSONField(default=list, blank=True)
    low = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    history = history()

    def __str__(self) -> str:
        return f"How to reach {self.user_id}"
