"""The people's side of on-call: published shifts, swaps, shadows, handovers, gaps that were told of."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from incidents.models.oncall import Override, Schedule
from incidents.states import HANDOVER, SHADOW, SWAP
from opsportal.audit.history import history


class PublishedShift(models.Model):
    """A shift as people were last told of it: what feeds show, and what a new roster is compared with.

    Made from the final schedule and nothing else. `uid` stays the same for the same person, role and
    beginning; `sequence` grows with each change of it. One that is called off stays, so that calendar
    programs take it out. `remind_at` is when the person is reminded of it; empty once they were.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="published")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts")
    role = models.CharField(max_length=20)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    layer = models.CharField(max_length=60, blank=True, default="")
    stands_in_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    uid = models.CharField(max_length=40, unique=True)
    sequence = models.PositiveIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="published_shift_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            )
        ]
        indexes = [
            models.Index(fields=["schedule", "ends_at"], name="published_shift_schedule"),
            models.Index(fields=["person", "ends_at"], name="published_shift_person"),
            models.Index(fields=["role", "starts_at"], name="published_shift_begins"),
            models.Index(
                fields=["remind_at"], name="published_shift_remind", condition=Q(remind_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.schedule_id} from {self.starts_at:%Y-%m-%d %H:%M}"


class Publication(models.Model):
    """How far a schedule has been published, and whether it has to be published anew.

    `due_at` is when a tick does so: at once after a change of the roster, else once in a while, since time
    goes on. `until` is the end of what people were told of: only what differs before it is news. `number`
    counts the publications.
    """

    schedule = models.OneToOneField(Schedule, on_delete=models.PROTECT, related_name="publication")
    until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_index=True)
    number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"publication of {self.schedule_id}"


class ShiftSwap(models.Model):
    """Time on call that somebody offers to others; one of them takes it, by an override.

    `due_at` is when it is pointed out again, or lapses because it has begun untaken.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="swaps")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=10, choices=SWAP.choices, default=SWAP.initial, editable=False)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True, editable=False)
    override = models.ForeignKey(
        Override, on_delete=models.PROTECT, null=True, blank=True, related_name="swaps", editable=False
    )
    created_at = models.DateTimeField(editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["note"])

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            SWAP.constraint("shift_swap_state_known"),
            models.CheckConstraint(
                name="shift_swap_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="shift_swap_taken_by_somebody",
                condition=~Q(state="taken") | Q(taken_by__isnull=False, override__isnull=False),
            ),
            models.CheckConstraint(name="shift_swap_with_another", condition=~Q(taken_by=F("offered_by"))),
            models.UniqueConstraint(
                fields=["schedule", "offered_by", "role", "starts_at"],
                name="shift_swap_offered_once",
                condition=Q(state="open"),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="shift_swap_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["schedule", "state", "starts_at"], name="shift_swap_of_schedule"),
            models.Index(fields=["offered_by", "starts_at"], name="shift_swap_offered"),
        ]

    def __str__(self) -> str:
        return f"swap {self.pk} of {self.schedule_id}"


class Shadow(models.Model):
    """Somebody who learns: they see and are told what somebody on call is, and are never paged for it.

    Without `follows` it is whoever is on call.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="shadows")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shadowing")
    follows = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="shadowed_by"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=SHADOW.choices, default=SHADOW.initial, editable=False)
    created_at = models.DateTimeField(editable=False)

    history = history()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            SHADOW.constraint("shadow_state_known"),
            models.CheckConstraint(name="shadow_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="shadow_of_another", condition=~Q(follows=F("person"))),
        ]
        indexes = [
            models.Index(fields=["schedule", "ends_at"], name="shadow_schedule"),
            models.Index(fields=["person", "ends_at"], name="shadow_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} shadows in {self.schedule_id}"


class Handover(models.Model):
    """One person gives on call to the next: a list that both go through, notes, and two signatures.

    The list is copied from the standard in force when it opens. `due_at` is when it is late; it is empty
    once that was told of, or it is over.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="handovers")
    role = models.CharField(max_length=20)
    at = models.DateTimeField()
    outgoing = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    incoming = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=16, choices=HANDOVER.choices, default=HANDOVER.initial, editable=False
    )
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    checklist = models.JSONField(default=list, editable=False)
    notes = models.TextField(blank=True, default="")
    outgoing_signed_at = models.DateTimeField(null=True, blank=True, editable=False)
    incoming_signed_at = models.DateTimeField(null=True, blank=True, editable=False)
    open_incidents = models.JSONField(default=list, editable=False)
    opened_at = models.DateTimeField(editable=False)
    late_at = models.DateTimeField(editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["notes"])

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            HANDOVER.constraint("handover_state_known"),
            models.CheckConstraint(name="handover_to_another", condition=~Q(outgoing=F("incoming"))),
            models.CheckConstraint(
                name="handover_complete_with_both",
                condition=~Q(state="complete")
                | Q(outgoing_signed_at__isnull=False, incoming_signed_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["schedule", "role", "at", "outgoing", "incoming"], name="handover_once"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="handover_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["schedule", "-at"], name="handover_schedule"),
            models.Index(fields=["outgoing", "-at"], name="handover_outgoing"),
            models.Index(fields=["incoming", "-at"], name="handover_incoming"),
        ]

    def __str__(self) -> str:
        return f"handover {self.pk}"


class HandoverStep(models.Model):
    """One step of a handover's list that somebody has done."""

    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="done")
    step = models.CharField(max_length=60)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handover", "step"], name="handover_step_once")]

    def __str__(self) -> str:
        return f"{self.step} of {self.handover_id}"


class ToldGap(models.Model):
    """A gap ahead that people were told of, so that they are told once."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="told_gaps")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    missing = models.JSONField(default=list)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="told_gap_ends_after_start", condition=Q(ends_at__gt=F("starts_at")))
        ]
        indexes = [models.Index(fields=["schedule", "ends_at"], name="told_gap_schedule")]

    def __str__(self) -> str:
        return f"gap of {self.schedule_id} from {self.starts_at:%Y-%m-%d %H:%M}"
