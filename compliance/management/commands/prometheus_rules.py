"""`manage.py prometheus_rules`: the thresholds of the standard in force as a rule file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from compliance.selectors.measures.thresholds import prometheus_rules


class Command(BaseCommand):
    """Prints the file; `promtool check rules` reads it."""

    help = "Print the alert thresholds of the standard in force, and of the objectives, as Prometheus rules."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        self.stdout.write(prometheus_rules(), ending="")
