"""Who has done their part of what several people owe together."""

from __future__ import annotations

from django.db import models

from opsportal.audit.history import history
from opsportal.obligations.models.obligations import Obligation


class Excuse(models.Model):
    """One person who is not reminded of it: they have done their part and others not, or they may not do it.

    The person stands by value (the user's id).
    """

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="excuses")
    person = models.CharField(max_length=64)
    at = models.DateTimeField()

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["obligation", "person"], name="excuse_once")]
        indexes = [models.Index(fields=["person", "obligation"], name="excuse_person")]

    def __str__(self) -> str:
        return f"{self.person} of {self.obligation_id}"
