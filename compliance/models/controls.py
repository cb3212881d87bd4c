"""Controls, what they are mapped to, the evidence that people and machines bring, and exceptions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.controlling.states import CONTROL, EVIDENCE, EXCEPTION
from compliance.controlling.words import EVIDENCE_KINDS, EXCEPTION_KINDS, FREQUENCIES, RELATIONS, RISKS, SHOWS
from compliance.models.frameworks import Requirement
from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.core.keys import format_key

CONTROL_PREFIX, EXCEPTION_PREFIX, EVIDENCE_PREFIX = "CTL", "EXC", "EVD"


class Control(models.Model):
    """Something that we do, who answers for it, and how often. Whether it is met is computed, never kept."""

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_controls"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="controls")
    frequency = models.CharField(max_length=12, choices=FREQUENCIES)
    state = models.CharField(max_length=8, choices=CONTROL.choices, default=CONTROL.initial, editable=False)
    reviewed_at = models.DateTimeField(null=True, editable=False)
    requirements = models.ManyToManyField(Requirement, through="ControlRequirement", related_name="controls")
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["id"]
        constraints = [
            CONTROL.constraint("control_state_known"),
            models.CheckConstraint(
                name="control_frequency_known",
                condition=Q(frequency__in=[word for word, _ in FREQUENCIES]),
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="control_updated")]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(CONTROL_PREFIX, self.pk)


class ControlRequirement(models.Model):
    """A control answers a requirement of a framework."""

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="answers")
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="answered_by")

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["control", "requirement"], name="control_requirement_once")
        ]

    def __str__(self) -> str:
        return f"{self.control_id} answers {self.requirement_id}"


class ControlRule(models.Model):
    """A control is judged by a rule, named by its pack and id: a later standard may not have it any more."""

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="rules")
    pack = models.CharField(max_length=60)
    rule = models.CharField(max_length=120)

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["control", "pack", "rule"], name="control_rule_once")]
        indexes = [models.Index(fields=["rule"], name="control_rule_rule")]

    def __str__(self) -> str:
        return f"{self.control_id} by {self.pack}/{self.rule}"


class ControlEvent(models.Model):
    """What the portal sees by itself and takes as evidence for a control: an event of the vocabulary."""

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=80)

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["control", "event"], name="control_event_once")]

    def __str__(self) -> str:
        return f"{self.control_id} by {self.event}"


class ControlLink(models.Model):
    """How one control bears on another one."""

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="links")
    other = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="linked_from")
    relation = models.CharField(max_length=12, choices=RELATIONS)

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["control", "other", "relation"], name="control_link_once"),
            models.CheckConstraint(name="control_link_to_another", condition=~Q(control=F("other"))),
            models.CheckConstraint(
                name="control_link_relation_known",
                condition=Q(relation__in=[word for word, _ in RELATIONS]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control_id} {self.relation} {self.other_id}"


class EvidenceItem(models.Model):
    """Evidence that somebody brought: what it is stands in its revisions, the newest of them counts.

    `valid_until` and `expires_told_at` are copied from the newest revision, so that what runs out is found
    by an index. `reference` is the sender's own name for it: the same one again is a new revision.
    """

    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=EVIDENCE_KINDS)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="evidence_items"
    )
    reference = models.CharField(max_length=120, null=True, blank=True, default=None)  # noqa: DJ001 - unique where given
    controls = models.ManyToManyField(Control, through="EvidenceLink", related_name="evidence_items")
    state = models.CharField(max_length=9, choices=EVIDENCE.choices, default=EVIDENCE.initial, editable=False)
    latest = models.PositiveIntegerField(default=1, editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["-id"]
        constraints = [
            EVIDENCE.constraint("evidence_item_state_known"),
            models.UniqueConstraint(fields=["reference"], name="evidence_reference_once"),
            models.CheckConstraint(
                name="evidence_item_kind_known",
                condition=Q(kind__in=[word for word, _ in EVIDENCE_KINDS]),
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="evidence_item_updated"),
            models.Index(
                fields=["valid_until", "id"], name="evidence_item_expiry", condition=Q(state="standing")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(EVIDENCE_PREFIX, self.pk)


class EvidenceLink(models.Model):
    """A piece of evidence speaks for a control."""

    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="links")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="evidence_links")

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "control"], name="evidence_link_once")]

    def __str__(self) -> str:
        return f"{self.item_id} for {self.control_id}"


class EvidenceRevision(AppendOnly):
    """One revision of a piece of evidence. A new one replaces the one before, which stays as it was.

    `observed_at` is when what it shows was so, `received_at` when it came here. `digest` is the SHA-256 of
    the file, or of the canonical JSON of `data` and `url`.
    """

    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    shows = models.CharField(max_length=5, choices=SHOWS, default="works")
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64)
    attachment = models.UUIDField(null=True)
    url = models.TextField(blank=True, default="")
    data = models.JSONField(null=True)
    note = models.TextField(blank=True, default="")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="evidence_revision_once"),
            models.CheckConstraint(
                name="evidence_valid_after_observed",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("observed_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} revision {self.number}"


class ControlException(models.Model):
    """That a rule or a control is not met, or cannot be verified, and that this is accepted for a time.

    About a rule (with `pack`) or a `control`, one of both. `scope_kind` and `scope_key` name the only
    subject that it covers; empty, all of them. `instead` is the control that stands in.
    """

    kind = models.CharField(max_length=11, choices=EXCEPTION_KINDS)
    title = models.CharField(max_length=200)
    reason = models.TextField()
    risk = models.CharField(max_length=8, choices=RISKS)
    risk_text = models.TextField(blank=True, default="")
    compensating = models.TextField()
    control = models.ForeignKey(
        Control, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions"
    )
    pack = models.CharField(max_length=60, blank=True, default="")
    rule = models.CharField(max_length=120, blank=True, default="")
    scope_kind = models.CharField(max_length=40, blank=True, default="")
    scope_key = models.CharField(max_length=100, blank=True, default="")
    instead = models.ForeignKey(
        Control, on_delete=models.PROTECT, null=True, blank=True, related_name="compensated_exceptions"
    )
    evidence = models.ForeignKey(
        EvidenceItem, on_delete=models.PROTECT, null=True, blank=True, related_name="accepted_by"
    )
    state = models.CharField(
        max_length=9, choices=EXCEPTION.choices, default=EXCEPTION.initial, editable=False
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    history = history()

    class Meta:
        ordering = ["-id"]
        constraints = [
            EXCEPTION.constraint("control_exception_state_known"),
            models.CheckConstraint(
                name="control_exception_about_one",
                condition=Q(control__isnull=True, pack__gt="", rule__gt="")
                | Q(control__isnull=False, pack="", rule="", scope_kind="", scope_key=""),
            ),
            # Four eyes, whatever a service forgets.
            models.CheckConstraint(
                name="control_exception_decided_by_another",
                condition=Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by"))
                | Q(state="withdrawn"),
            ),
            models.CheckConstraint(
                name="control_exception_dates_fit_state",
                condition=Q(state="requested", decided_at=None, ended_at=None)
                | Q(state="approved", decided_at__isnull=False, ended_at=None)
                | Q(state__in=["rejected", "withdrawn", "expired", "revoked"], ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at", "id"], name="control_exception_due", condition=Q(state="approved")
            ),
            models.Index(fields=["rule", "state"], name="control_exception_rule"),
            models.Index(fields=["updated_at", "id"], name="control_exception_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(EXCEPTION_PREFIX, self.pk)
