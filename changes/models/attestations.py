"""What somebody stated about a change before it was closed."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from changes.models.changes import Change
from opsportal.audit.models import AppendOnly


class Attestation(AppendOnly):
    """A person states that a duty of the standard is done, with what shows it. Written once."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="attestations")
    rule = models.CharField(max_length=120)
    duty = models.CharField(max_length=60)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    evidence = models.TextField(blank=True, default="")
    attested_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change", "duty"], name="attestation_once")]

    def __str__(self) -> str:
        return f"{self.duty} of {self.change_id}"
