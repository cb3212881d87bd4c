"""Which steps of a migration are applied together, so that nothing is rendered for each of them."""

from __future__ import annotations

from django.db import models
from django.db.migrations import AddField, AddIndex, CreateModel, RunPython
from django.db.migrations.state import ProjectState

from opsportal.core.migrating import Part, Tables, gathered


def table(name: str, **fields: models.Field) -> CreateModel:
    """Return the step that makes a table."""
    return CreateModel(
        name, [("id", models.BigAutoField(primary_key=True)), *fields.items()], {"indexes": []}
    )


def index(of: str) -> AddIndex:
    """Return the step that makes an index on the key of a table."""
    return AddIndex(of, models.Index(fields=["id"], name=f"{of}_key"))


def test_tables_that_are_made_one_after_the_other_are_made_together() -> None:
    one, two, three = table("One"), table("Two"), table("Three")
    between = RunPython(RunPython.noop)
    found = list(gathered([one, two, between, three]))
    assert isinstance(found[0], Tables)
    assert found[0].tables == (one, two)
    assert found[1:] == [between, three]


def test_a_part_of_a_table_stands_where_it_stood() -> None:
    field = AddField("One", "size", models.IntegerField(default=0))
    found = list(gathered([table("One"), index("one"), field]))
    assert [type(step) for step in found] == [CreateModel, Part, AddField]


def test_the_state_after_it_is_the_same_and_what_is_rendered_knows_it() -> None:
    steps = [
        table("Team"),
        table("Person", team=models.ForeignKey("incidents.Team", models.CASCADE)),
        index("person"),
    ]
    as_ever, together = ProjectState(), ProjectState()
    for step in steps:
        step.state_forwards("incidents", as_ever)
    assert not together.apps.get_models()  # rendered before the first step already
    for step in gathered(steps):
        step.state_forwards("incidents", together)
    assert together == as_ever
    person = together.apps.get_model("incidents", "Person")
    assert [one.name for one in person._meta.indexes] == ["person_key"]
    assert person._meta.get_field("team").related_model is together.apps.get_model("incidents", "Team")
