"""`manage.py standard`: check, activate, list."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import DjangoAssertNumQueries

from opsportal.standards import selectors
from opsportal.standards.models import Activation
from opsportal.standards.shipped import CASES, PACKS, shipped_names
from tests.packs import activate, own_pack
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

RULE = """
[[rule]]
id = "described"
kind = "gate"
title = "A change is described"
applies_to = "change.submit"
demand = { field = "description" }
source = { section = "1", line = 1, quote = "Describe it." }
"""
CASE = """
[[case]]
title = "it must be described"
at = "change.submit"
facts = { change.description = "" }
outcome = "refused"
reasons = ["described"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text(own_pack(RULE))
    broken = RULE.replace("change.submit", "change.dreamt").replace('"description"', '"colour"')
    (tmp_path / "broken.toml").write_text(own_pack(broken))
    (tmp_path / "cases.toml").write_text(CASE)
    (tmp_path / "wrong.toml").write_text(CASE.replace('"refused"', '"allowed"'))
    return tmp_path


def run(*words: str | Path) -> tuple[int, str]:
    """Return exit code and standard output."""
    output = io.StringIO()
    try:
        call_command("standard", *map(str, words), stdout=output)
    except SystemExit as end:
        return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


@pytest.mark.parametrize("name", sorted(shipped_names()))
def test_a_shipped_pack_and_its_cases_are_in_order_without_a_database(
    name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    file = PACKS / f"{name}.toml"
    with django_assert_num_queries(0):
        code, said = run("check", file, "--cases", CASES / f"{name}.toml")
    assert code == 0
    assert said.startswith(f"{file}: {name} ")
    assert " is in order: " in said


def test_a_pack_with_faults_is_told_line_by_line(folder: Path) -> None:
    file = folder / "broken.toml"
    with nothing_written():
        code, said = run("check", file)
    assert code == 1
    assert said.splitlines()[0].startswith(f"{file}: described: applies_to: 'change.dreamt' is not a point")


def test_faults_come_as_json(folder: Path) -> None:
    code, said = run("check", folder / "broken.toml", "--json")
    verdict = json.loads(said)
    assert (code, verdict["ok"]) == (1, False)
    (problem,) = verdict["problems"]
    assert (problem["file"], problem["rule"], problem["field"]) == (
        str(folder / "broken.toml"),
        "described",
        "applies_to",
    )
    code, said = run("check", folder / "own.toml", "--json")
    verdict = json.loads(said)
    assert (code, verdict["ok"], verdict["name"], verdict["problems"]) == (0, True, "own", [])
    assert len(verdict["hash"]) == 64


def test_cases_are_held_against_the_pack(folder: Path) -> None:
    assert run("check", folder / "own.toml", "--cases", folder / "cases.toml")[0] == 0
    code, said = run("check", folder / "own.toml", "--cases", folder / "wrong.toml")
    assert code == 1
    assert said == f"{folder / 'wrong.toml'}: it must be described: outcome: expected allowed, got refused\n"


def test_cases_with_faults_are_told(folder: Path) -> None:
    (folder / "cases.toml").write_text(CASE.replace("change.description", "change.colour") + "colour = 1\n")
    code, said = run("check", folder / "own.toml", "--cases", folder / "cases.toml")
    assert code == 1
    assert "it must be described: facts: 'change.colour' is not a fact" in said
    assert "colour: is not a key that is known here" in said


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for verb in ("check", "activate"):
        with pytest.raises(CommandError, match=r"nothing\.toml: No such file or directory"):
            run(verb, tmp_path / "nothing.toml")


def test_a_shipped_pack_is_put_in_force_again_and_again() -> None:
    code, said = run("activate", "aielon")
    standard = selectors.active_standard()
    assert (code, said) == (0, f"aielon 1.0.0 is active, hash {standard.content_hash}\n")
    assert run("activate", "aielon")[1] == said
    assert Activation.objects.count() == 1
    assert json.loads(run("activate", "aielon", "--json")[1]) == {
        "name": "aielon",
        "version": "1.0.0",
        "hash": standard.content_hash,
        "vacant_roles": [role.id for role in standard.roles],
        "in_flight": {"changes": 0, "obligations": 0},
    }


def test_once_a_standard_is_in_force_another_one_needs_an_approved_change(folder: Path) -> None:
    run("activate", "baseline")
    for other in ("acgs", folder / "own.toml"):
        with (
            nothing_written(),
            pytest.raises(CommandError, match="A standard is in force already") as refused,
        ):
            run("activate", other)
        assert "--change CHG-n" in str(refused.value)
        assert "\n" not in str(refused.value)
    assert run("activate", "baseline")[0] == 0
    with nothing_written(), pytest.raises(CommandError, match="There is no such change"):
        run("activate", "acgs", "--change", "CHG-7")
    with nothing_written(), pytest.raises(CommandError, match="is no key of a change"):
        run("activate", "acgs", "--change", "seven")


def test_a_pack_is_proposed_and_what_it_leaves_to_be_done_is_told(folder: Path) -> None:
    run("activate", "baseline")
    code, said = run("propose", "acgs")
    row = selectors.newest_of("acgs")
    assert row is not None
    assert (code, said) == (0, f"acgs 1.0 is stored: name it in a change, hash {row.content_hash}\n")
    assert "cto" in json.loads(run("propose", "acgs", "--json")[1])["vacant_roles"]
    assert run("propose", folder / "own.toml")[0] == 0
    assert selectors.active_standard().name == "baseline"
    with nothing_written(), pytest.raises(CommandError, match="No pack 'nothing' is shipped"):
        run("propose", "nothing")
    with nothing_written(), pytest.raises(CommandError, match="The pack has 1 fault"):
        run("propose", folder / "broken.toml")


def test_a_file_is_put_in_force(folder: Path) -> None:
    assert run("activate", folder / "own.toml")[0] == 0
    assert selectors.active_standard().name == "own"


def test_a_pack_with_faults_is_not_put_in_force(folder: Path) -> None:
    activate("baseline")
    with nothing_written(), pytest.raises(CommandError) as refused:
        run("activate", folder / "broken.toml")
    assert "The pack has 1 fault; the active standard stays as it is." in str(refused.value)
    assert "described: applies_to: 'change.dreamt' is not a point" in str(refused.value)
    assert selectors.active_standard().name == "baseline"


def test_an_unknown_name_is_told() -> None:
    with nothing_written(), pytest.raises(CommandError, match="There is no standard 'nothing'"):
        run("activate", "nothing")


def test_standards_are_listed() -> None:
    assert run("list") == (0, f"shipped: {', '.join(shipped_names())}\n")
    old = activate("acgs")
    new = activate("baseline")
    assert run("list")[1].splitlines()[1:] == [
        f"baseline\t1.0.0\tactive\t{new.content_hash}",
        f"acgs\t1.0\tstored\t{old.content_hash}",
    ]
    listed = json.loads(run("list", "--json")[1])
    assert listed["shipped"] == shipped_names()
    assert [(one["name"], one["active"]) for one in listed["stored"]] == [("baseline", True), ("acgs", False)]
