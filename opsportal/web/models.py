"""What the pages keep of their own."""

from __future__ import annotations

from django.db import models


class SentForm(models.Model):
    """A form that was sent and carried out, stored with its write, so that it is not carried out twice.

    `request` tells which request carried it out, `location` where its answer led to. Kept for a day.
    """

    key = models.CharField(max_length=64, primary_key=True)
    request = models.CharField(max_length=32)
    location = models.CharField(max_length=2_000, blank=True, default="")
    sent_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["sent_at"], name="sent_form_age")]

    def __str__(self) -> str:
        return self.key
