"""Meetings of a board: when and where, what was on the agenda, who was there, which votes were cast in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from changes.states import MEETING
from opsportal.accounts.models import Role
from opsportal.approvals.models import Vote
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

PREFIX = "MTG"


class Meeting(models.Model):
    """One meeting of a board.

    A meeting with a `rule` (a part of RFC 5545's RRULE, on the clocks of `zone`) is one of a series: when
    it is held or cancelled, the next one is planned. `slot_at` is its regular start, which moving this one
    meeting leaves where it is. `follows` is the meeting before it. At `remind_at` its
    members are reminded; empty where they were, or are not to be.
    """

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="meetings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.CharField(max_length=300, blank=True, default="")
    note = models.TextField(blank=True, default="")
    rule = models.CharField(max_length=120, blank=True, default="")
    zone = models.CharField(max_length=64, default="UTC")
    slot_at = models.DateTimeField(editable=False)
    state = models.CharField(max_length=10, choices=MEETING.choices, default=MEETING.initial, editable=False)
    follows = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="next_one"
    )
    called_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    called_at = models.DateTimeField()
    minutes = models.TextField(blank=True, default="")
    over_at = models.DateTimeField(null=True, blank=True)
    over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)
    remind_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = history(excluded=["remind_at"])

    class Meta:
        constraints = [
            MEETING.constraint("meeting_state_known"),
            models.CheckConstraint(name="meeting_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="meeting_over_whole",
                condition=Q(state="planned", over_at__isnull=True)
                | (~Q(state="planned") & Q(over_at__isnull=False, over_by__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["board", "starts_at"], name="meeting_once", condition=~Q(state="cancelled")
            ),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="meeting_start"),
            models.Index(fields=["updated_at", "id"], name="meeting_updated"),
            models.Index(fields=["remind_at"], name="meeting_remind", condition=Q(remind_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.get_state_display()}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)

    @property
    def title(self) -> str:
        """What it is called; its board is loaded."""
        return f"Meeting of the {self.board.title}"


class AgendaItem(models.Model):
    """One thing on the agenda: put there by hand, with its reason, or kept from what the portal found.

    While a meeting is planned only what people added is stored; when its minutes are closed, all that
    was on the agenda is, with the `result` that it had then. `kind` and `key` name a change or a template;
    both are empty for a matter of its own, which has a title alone.
    """

    class Why(models.TextChoices):
        RETROSPECTIVE = "retrospective", "Runs ahead of its approval"
        OBJECTION = "objection", "An objection is not settled"
        REVIEW = "review", "An emergency without its review"
        VOTE = "vote", "Waits for a vote"
        CONDITION = "condition", "Conditions are not met yet"
        DECIDED = "decided", "Decided in this meeting"
        BY_HAND = "by_hand", "Put on the agenda"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=10, blank=True, default="")
    key = models.CharField(max_length=60, blank=True, default="")
    title = models.CharField(max_length=200)
    why = models.CharField(max_length=14, choices=Why, default=Why.BY_HAND)
    reason = models.TextField(blank=True, default="")
    result = models.CharField(max_length=60, blank=True, default="")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [
            models.CheckConstraint(name="agenda_item_kind", condition=Q(kind__in=["", "change", "template"])),
            models.UniqueConstraint(
                fields=["meeting", "kind", "key"], name="agenda_item_once", condition=~Q(kind="")
            ),
        ]

    def __str__(self) -> str:
        return self.key or self.title


class MeetingPresence(models.Model):
    """Whether one person was there."""

    class Presence(models.TextChoices):
        PRESENT = "present", "Present"
        EXCUSED = "excused", "Excused"
        ABSENT = "absent", "Absent"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="presences")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    presence = models.CharField(max_length=8, choices=Presence)
    noted_at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="meeting_presence_once"),
            models.CheckConstraint(
                name="meeting_presence_known", condition=Q(presence__in=["present", "excused", "absent"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.presence} at {self.meeting_id}"


class MeetingDecision(AppendOnly):
    """That a vote was cast in a meeting. The vote itself holds who, what, and on which content."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="decisions")
    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="in_meeting")

    class Meta:
        indexes = [models.Index(fields=["meeting", "id"], name="meeting_decision_order")]

    def __str__(self) -> str:
        return f"{self.vote_id} in {self.meeting_id}"
