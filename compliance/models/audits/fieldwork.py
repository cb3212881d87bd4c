"""Fieldwork: tests of controls, frozen populations, samples and what became of each item, working notes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.auditing.tables import ITEM_RESULTS, POPULATIONS, TEST_KINDS, TEST_RESULTS
from compliance.models.audits.plan import Audit
from compliance.models.controls import Control
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly


class ControlTest(models.Model):
    """One test of one control: of its design, or of whether it was followed in the period.

    Which ones of the catalogue stands in `tested`. `control` is what they are called here: their keys
    (`CTL-1, CTL-7`), or a word for what is outside of the catalogue (`SOC2-CC8.1`).
    """

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="tests")
    control = models.CharField(max_length=80)
    title = models.CharField(max_length=300)
    kind = models.CharField("what of it", max_length=9, choices=list(TEST_KINDS.items()))
    procedure = models.TextField("work planned", blank=True, default="")
    work = models.TextField("work done", blank=True, default="")
    result = models.CharField(max_length=14, choices=list(TEST_RESULTS.items()), blank=True, default="")
    tested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    tested_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audit", "control", "kind"], name="control_test_once"),
            models.CheckConstraint(name="control_test_kind_known", condition=Q(kind__in=TEST_KINDS)),
            models.CheckConstraint(
                name="control_test_result_whole",
                condition=Q(result="", tested_at__isnull=True)
                | (Q(result__in=TEST_RESULTS, tested_at__isnull=False) & ~Q(work="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control}: {self.get_kind_display()}"


class TestedControl(models.Model):
    """A test is of this control of the catalogue."""

    test = models.ForeignKey(ControlTest, on_delete=models.PROTECT, related_name="tested")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="tested_in")

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["test", "control"], name="tested_control_once")]

    def __str__(self) -> str:
        return f"test {self.test_id} of CTL-{self.control_id}"


class Population(AppendOnly):
    """A frozen list that samples are drawn from. `content` is packed as `auditing.sampling` says.

    `query` tells what it is of: kind, period (aware UTC instants as text, the end is not part of it),
    services. Written once: the list can be drawn from again, and its hash be computed again, for good.
    """

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="populations")
    kind = models.CharField(max_length=14, choices=list(POPULATIONS.items()))
    query = models.JSONField()
    count = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="population_kind_known", condition=Q(kind__in=POPULATIONS))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of AUD-{self.audit_id} ({self.count})"


class Sample(AppendOnly):
    """A sample: with its population's list and `seed` anybody draws the same keys again by `method`."""

    population = models.ForeignKey(Population, on_delete=models.PROTECT, related_name="samples")
    test = models.ForeignKey(
        ControlTest, on_delete=models.PROTECT, null=True, blank=True, related_name="samples"
    )
    seed = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    method = models.CharField(max_length=30)
    keys = models.JSONField()
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["population", "seed", "size"], name="sample_once")]

    def __str__(self) -> str:
        return f"{self.size} by {self.seed}"


class SampleItem(models.Model):
    """One drawn key and what became of it. `evidence` are keys and addresses, one a line."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    subject_key = models.CharField("item", max_length=100)
    result = models.CharField(max_length=14, choices=list(ITEM_RESULTS.items()), blank=True, default="")
    note = models.TextField(blank=True, default="")
    evidence = models.TextField(blank=True, default="")
    tested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    tested_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["sample_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sample", "subject_key"], name="sample_item_once"),
            models.UniqueConstraint(fields=["sample", "position"], name="sample_item_place"),
            models.CheckConstraint(
                name="sample_item_result_whole",
                condition=Q(result="", tested_at__isnull=True)
                | Q(result__in=ITEM_RESULTS, tested_at__isnull=False),
            ),
        ]
        indexes = [models.Index(F("subject_key"), name="sample_item_subject")]

    def __str__(self) -> str:
        return self.subject_key

    @property
    def evidence_lines(self) -> list[str]:
        return self.evidence.splitlines()


class WorkingNote(AppendOnly):
    """What an auditor writes down for the audit's team alone. A correction is another note."""

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="notes")
    # By value, where it is about one thing of the audit: `FND-3`, `ERQ-9`, `CHG-1042`, a control.
    about = models.CharField(max_length=100, blank=True, default="")
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["audit", "id"], name="working_note_audit")]

    def __str__(self) -> str:
        return f"note {self.pk} of AUD-{self.audit_id}"
