"""Migrations of many tables, applied in a fraction of the time.

Django renders a model anew at every step, and with it every model that is related to it: with two hundred
models around the user, most of `migrate` is that. Here tables that are made one after the other are rendered
once, and a table that gets an index or a constraint not at all. What the database is told stays the same.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddConstraint, AddIndex, CreateModel, Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class Tables(Operation):
    """Tables that are made one after the other. Only ever applied: what is taken back goes one by one."""

    reversible = False

    def __init__(self, tables: Iterable[CreateModel]) -> None:
        """Take the tables in the order in which they are made."""
        self.tables = tuple(tables)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add all models, and forget what was rendered, so that it is rendered once with them."""
        state.__dict__.pop("apps", None)
        for table in self.tables:
            table.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Make each table. Creating one looks at nothing but the model itself."""
        for table in self.tables:
            table.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Say what is made."""
        return f"Create {len(self.tables)} models"


class Part(Operation):
    """An index or a constraint of a table. Only ever applied, as `Tables`."""

    reversible = False

    def __init__(self, part: AddIndex | AddConstraint) -> None:
        """Take what is added."""
        self.part = part

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add it to the state, and to the model that is rendered: nothing else knows of it."""
        rendered = state.__dict__.pop("apps", None)
        self.part.state_forwards(app_label, state)
        if rendered is not None:
            state.__dict__["apps"] = rendered
            meta = rendered.get_model(app_label, self.part.model_name)._meta
            options = state.models[app_label, self.part.model_name_lower].options
            for kind in ("indexes", "constraints"):
                setattr(meta, kind, list(options.get(kind, ())))

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Make it."""
        self.part.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Say what is made."""
        return self.part.describe()


def gathered(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Yield the operations in their order, neighbours that make tables as one."""
    for kind, neighbours in groupby(operations, key=type):
        run: list[Any] = list(neighbours)
        if kind is CreateModel and len(run) > 1:
            yield Tables(run)
        elif kind in {AddIndex, AddConstraint}:
            yield from map(Part, run)
        else:
            yield from run


class QuickExecutor(MigrationExecutor):
    """Applies migrations as Django does, with `Tables` and `Part`."""

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """Apply a migration and return the state after it. What is only marked as applied stays as it is."""
        if not fake and not fake_initial:
            migration = copy.copy(migration)
            vars(migration)["operations"] = list(gathered(migration.operations))
        return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
