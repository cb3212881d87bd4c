"""``manage.py migrate``: Django's own, with the executor that renders new tables once."""

from __future__ import annotations

from django.core.management.commands import migrate

from opsportal.core.migrating import QuickExecutor

# The command knows no other way to be given an executor.
migrate.MigrationExecutor = QuickExecutor  # type: ignore[attr-defined]


class Command(migrate.Command):
    """Applies migrations."""
