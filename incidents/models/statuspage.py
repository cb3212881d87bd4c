"""The public status page: components, notices, what was said of them, and who is told by mail."""

from __future__ import annotations

from django.db import models

from incidents.public_status import (
    COMPONENT,
    DISRUPTION,
    IMPACT_WORDS,
    NOTICE_STATES,
    NOTICE_WORDS,
    STATUS_MAIL,
    SUBSCRIBER,
)
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service


class StatusComponent(models.Model):
    """A part of the offer as the public knows it. The slug is its identity and never changes."""

    class Announces(models.TextChoices):
        ITSELF = "itself", "Changes with a window are announced by themselves"
        BY_HAND = "by_hand", "Maintenance is announced by hand"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True, default="")
    group = models.CharField(max_length=120, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="status_components"
    )
    announces = models.CharField(max_length=10, choices=Announces, default=Announces.ITSELF)
    state = models.CharField(
        max_length=10, choices=COMPONENT.choices, default=COMPONENT.initial, editable=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["position", "name", "id"]
        constraints = [COMPONENT.constraint("status_component_state_known")]

    def __str__(self) -> str:
        return self.name


class StatusNotice(models.Model):
    """Something that the public is told: an incident, or announced work.

    `source` is the key of what it tells of (`INC-9`, `CHG-7`), empty for what was written by hand; it is
    shown to nobody outside. `starts_at` and `ends_at` are when it began and ended, for announced work
    when it is planned to.
    """

    class Kind(models.TextChoices):
        INCIDENT = "incident", "Incident"
        MAINTENANCE = "maintenance", "Maintenance"

    kind = models.CharField(max_length=12, choices=Kind)
    source = models.CharField(max_length=24, blank=True, default="")
    title = models.CharField(max_length=200)
    state = models.CharField(
        max_length=14, choices=list(NOTICE_WORDS.items()), default=DISRUPTION.initial, editable=False
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="status_notice_state_known", condition=models.Q(state__in=list(NOTICE_STATES))
            ),
            models.UniqueConstraint(
                fields=["source"], name="status_notice_of_source", condition=~models.Q(source="")
            ),
            models.CheckConstraint(
                name="status_notice_ends_after_start",
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="status_notice_newest"),
            models.Index(
                fields=["starts_at"],
                name="status_notice_current",
                condition=~models.Q(state__in=["resolved", "completed", "cancelled"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class StatusNoticeComponent(models.Model):
    """A component that a notice names, and how it stands by it."""

    notice = models.ForeignKey(StatusNotice, on_delete=models.PROTECT, related_name="parts")
    component = models.ForeignKey(StatusComponent, on_delete=models.PROTECT, related_name="parts")
    impact = models.CharField(max_length=14, choices=list(IMPACT_WORDS.items()))

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "component"], name="status_part_once"),
            models.CheckConstraint(
                name="status_part_impact_known", condition=models.Q(impact__in=list(IMPACT_WORDS))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component_id}: {self.get_impact_display()}"


class StatusUpdate(AppendOnly):
    """One word to the public, as it was said: the notice's state, and each component's impact by slug."""

    notice = models.ForeignKey(StatusNotice, on_delete=models.PROTECT, related_name="updates")
    at = models.DateTimeField()
    state = models.CharField(max_length=14, choices=list(NOTICE_WORDS.items()))
    text = models.TextField()
    impacts = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["at"], name="status_update_at")]

    def __str__(self) -> str:
        return f"{self.state} at {self.at:%Y-%m-%d %H:%M}"


class StatusSubscriber(models.Model):
    """Somebody outside who asked to be told by mail. The address is erased when they leave.

    `components` are slugs; none means all. Nothing secret is kept: links are signed.
    """

    email = models.EmailField(max_length=254, blank=True, default="")
    components = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=8, choices=SUBSCRIBER.choices, default=SUBSCRIBER.initial)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            SUBSCRIBER.constraint("status_subscriber_state_known"),
            models.UniqueConstraint(
                fields=["email"], name="status_subscriber_once", condition=~models.Q(email="")
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="status_unconfirmed", condition=models.Q(state="asked"))
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class StatusMail(models.Model):
    """One mail to one subscriber: the question whether it was them, or one update. Sent by a tick.

    `attempt` counts claims and fences; `due_at` is when it may be claimed next, and while it is claimed
    the end of the lease.
    """

    subscriber = models.ForeignKey(StatusSubscriber, on_delete=models.CASCADE, related_name="mails")
    update = models.ForeignKey(
        StatusUpdate, on_delete=models.PROTECT, related_name="mails", null=True, blank=True
    )
    state = models.CharField(max_length=8, choices=STATUS_MAIL.choices, default=STATUS_MAIL.initial)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [
            STATUS_MAIL.constraint("status_mail_state_known"),
            models.UniqueConstraint(fields=["subscriber", "update"], name="status_mail_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="status_mail_due", condition=models.Q(state="waiting")
            ),
            models.Index(
                fields=["created_at"], name="status_questions", condition=models.Q(update__isnull=True)
            ),
            models.Index(
                fields=["finished_at"], name="status_mail_over", condition=models.Q(finished_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} to {self.subscriber_id}"


class StatusCopy(models.Model):
    """The static copy of the page, one row: the edition that it should be, and the one that was written."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    wanted = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    written_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "status copies"
        constraints = [models.CheckConstraint(name="status_copy_one", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"edition {self.written} of {self.wanted}"
