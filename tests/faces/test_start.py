"""`manage.py start`: a real installation from nothing, twice without harm, and nothing by halves."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from opsportal.accounts.models import RoleHolding, Team, User
from opsportal.catalog.models import Environment, Service
from opsportal.outbox.models import OutboxMessage
from opsportal.standards.selectors import active_standard
from tests.packs import activate
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

PEOPLE = (
    "email,full_name,time_zone,teams,roles,administrator\n"
    "ada@real.example,Ada Real,Europe/London,payments platform,technical-reviewer@team:payments,\n"
    "bo@real.example,Bo Real,,payments,change-advisory-board security-reviewer@service:till,\n"
)
SERVICES = "slug,name,tier,data_classification,owner_team\ntill,Till,critical,restricted,payments\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "services.csv").write_text(SERVICES, encoding="utf-8")
    return {"people": str(tmp_path / "people.csv"), "services": str(tmp_path / "services.csv")}


def start(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("start", "--json", *arguments, stdout=out, stderr=StringIO())
    done: dict[str, Any] = json.loads(out.getvalue())
    return done


def all_of_it(files: dict[str, str]) -> list[str]:
    who = ["--administrator", "Root@real.example", "--name", "Ro Root"]
    board = ["--board", "change-advisory-board=ada@real.example,root@real.example"]
    return [*who, "--people", files["people"], "--services", files["services"], *board]


def test_an_empty_installation_has_all_that_it_needs_and_twice_is_once(files: dict[str, str]) -> None:
    done = start(*all_of_it(files))
    assert done["standard"] == active_standard().name == "baseline"
    assert set(User.objects.values_list("email", "is_staff")) == {
        ("root@real.example", True),
        ("ada@real.example", False),
        ("bo@real.example", False),
    }
    # The portal is in its own catalogue, and whoever administers answers for it.
    owners = set(Service.objects.values_list("slug", "owner_team__slug"))
    assert owners == {("till", "payments"), ("opsportal", "portal")}
    assert set(Team.objects.values_list("slug", flat=True)) == {"payments", "platform", "portal"}
    held = RoleHolding.objects.values_list("role__slug", "user__email", "scope_kind", "scope_key")
    assert set(held) == {
        ("technical-reviewer", "ada@real.example", "team", "payments"),
        ("change-advisory-board", "ada@real.example", "", ""),
        ("change-advisory-board", "bo@real.example", "", ""),
        ("change-advisory-board", "root@real.example", "", ""),
        ("security-reviewer", "bo@real.example", "service", "till"),
    }
    assert OutboxMessage.objects.filter(topic="accounts.welcome.wanted").count() == 3
    with nothing_written():
        again = start(*all_of_it(files))
    assert again["link"]


def test_there_are_environments_to_deploy_to_and_who_has_no_vote_is_said() -> None:
    who = ["--administrator", "root@real.example", "--name", "Ro Root"]
    done = start(*who, "--board", "change-advisory-board=root@real.example")
    rows = list(Environment.objects.values_list("slug", "kind", "rank"))
    assert rows == [("testing", "testing", 10), ("staging", "staging", 20), ("production", "production", 30)]
    told = "\n".join(done["lines"])
    assert "testing, staging, production are new" in told
    for role in ("technical-reviewer", "security-reviewer"):
        assert f"Nobody holds {role} yet" in told
    assert "Nobody holds change-advisory-board" not in told


def test_environments_are_named_and_those_that_are_there_stay() -> None:
    who = ["--administrator", "root@real.example", "--name", "Ro Root"]
    start(*who, "--environment", "staging", "--environment", "live=production")
    assert list(Environment.objects.values_list("slug", "kind")) == [
        ("staging", "staging"),
        ("live", "production"),
    ]
    with nothing_written():
        start(*who)
    with nothing_written(), pytest.raises(CommandError, match="SLUG=KIND"):
        start(*who, "--environment", "blue")
    with nothing_written(), pytest.raises(CommandError, match="kind"):
        start(*who, "--environment", "blue=green")


def test_no_environments_may_be_wanted() -> None:
    start("--administrator", "root@real.example", "--name", "Ro Root", "--environment", "none")
    assert not Environment.objects.exists()


def test_the_printed_link_leads_to_a_first_password(client: Client) -> None:
    link = start("--administrator", "root@real.example", "--name", "Ro Root")["link"]
    path = link.removeprefix("http://127.0.0.1:8000")
    page = client.get(path, follow=True)
    assert page.status_code == 200
    target = page.redirect_chain[-1][0]
    answer = client.post(target, {"password1": "a long enough word 77", "password2": "a long enough word 77"})
    assert answer.status_code == 302
    assert User.objects.get().check_password("a long enough word 77")
    assert start("--administrator", "root@real.example")["link"] == ""


def test_a_password_from_a_file_needs_no_link(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("a long enough word 77\n", encoding="utf-8")
    who = ["--administrator", "root@real.example", "--name", "Ro Root"]
    assert start(*who, "--password-file", str(tmp_path / "word"))["link"] == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give --administrator"),
        (["--administrator", "no address", "--name", "X"], "/email"),
        (["--administrator", "a@real.example"], "/full_name"),
        (["--administrator", "a@real.example", "--name", "X", "--time-zone", "Mars/Base"], "no time zone"),
        (["--administrator", "a@real.example", "--name", "X", "--standard", "nothing"], "nothing"),
        (["--administrator", "a@real.example", "--name", "X", "--people", "/gone.csv"], "No such file"),
        (["--administrator", "a@real.example", "--name", "X", "--board", "cab"], "ROLE=EMAIL"),
        (
            ["--administrator", "a@real.example", "--name", "X", "--board", "nosuch=a@real.example"],
            "knows no role",
        ),
        (
            ["--administrator", "a@real.example", "--name", "X", "--board", "cto=b@real.example"],
            "nobody with this address",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(arguments: list[str], words: str) -> None:
    with nothing_written(), pytest.raises(CommandError, match=words):
        start(*arguments)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("no-address,X,,,,", "people, line 4 email"),
        ("c@real.example,,,,,", "people, line 4 full_name"),
        ("c@real.example,C,Mars/Base,,,", "people, line 4 time_zone"),
        ("c@real.example,C,,,nosuch,", "people, line 4 roles"),
        (
            "c@real.example,C,,,cto@service:gone,",
            "people, line 4 roles: “cto@service:gone”: There is no such service",
        ),
        ("c@real.example,C,,,,perhaps", "people, line 4 administrator"),
        ("ada@real.example,C,,,,", "people, line 4 email"),
    ],
)
def test_one_wrong_person_and_nobody_is_added(
    files: dict[str, str], tmp_path: Path, line: str, place: str
) -> None:
    (tmp_path / "people.csv").write_text(f"{PEOPLE}{line}\n", encoding="utf-8")
    with nothing_written(), pytest.raises(CommandError, match=place):
        start(*all_of_it(files))


def test_every_fault_of_a_file_is_told_at_once(files: dict[str, str], tmp_path: Path) -> None:
    lines = "c@real.example,C,,,,perhaps\nd@real.example,D,,,,surely\nada@real.example,C,,,,\n"
    (tmp_path / "people.csv").write_text(PEOPLE + lines, encoding="utf-8")
    with nothing_written(), pytest.raises(CommandError) as refusal:
        start(*all_of_it(files))
    for place in ("line 4 administrator", "line 5 administrator", "line 6 email"):
        assert place in str(refusal.value)


def test_every_fault_of_both_files_is_told_at_once(files: dict[str, str], tmp_path: Path) -> None:
    lines = [
        "no-address,,Mars/Base,Not_A-Team!,nosuch cto@service:gone,perhaps",
        "e@real.example,Eve",
        "f@real.example,Fay,UTC,payments,,",
    ]
    (tmp_path / "people.csv").write_text(PEOPLE + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "services.csv").write_text(
        "slug,name,tier,data_classification,owner_team,depends_on\n"
        "shop,,top,secret,nobody,gone shop till:firm\n"
        "till,Till,core,internal,payments,shop\n",
        encoding="utf-8",
    )
    with nothing_written(), pytest.raises(CommandError) as refusal:
        start(*all_of_it(files))
    told = str(refusal.value).splitlines()[1:]
    first, second = PEOPLE.count("\n") + 1, PEOPLE.count("\n") + 2
    people = [line.partition(":")[0] for line in told if line.startswith("people")]
    assert sorted(people) == sorted(
        [f"people, line {first} {field}" for field in ("email", "full_name", "time_zone", "teams")]
        + [f"people, line {first} {field}" for field in ("roles", "roles", "administrator")]
        + [f"people, line {second}"]
    )
    services = [line.partition(":")[0] for line in told if line.startswith("services")]
    fields = ("name", "tier", "data_classification", "owner_team", *["depends_on"] * 3)
    assert sorted(services) == sorted(f"services, line 2 {field}" for field in fields)
    assert len(told) == len(people) + len(services)


@pytest.mark.parametrize("name", ["people", "services"])
def test_a_file_that_is_not_utf8_is_named(files: dict[str, str], tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.csv").write_bytes("email,full_name\nb@real.example,Bj\xf6rn\n".encode("latin-1"))
    with nothing_written(), pytest.raises(CommandError, match=rf"{name}\.csv: The file is not UTF-8"):
        start(*all_of_it(files))


def test_another_standard_than_the_one_in_force_comes_by_a_change() -> None:
    activate("aielon")
    with nothing_written(), pytest.raises(CommandError, match="approved change"):
        start("--standard", "baseline", "--administrator", "a@real.example", "--name", "X")


def test_an_empty_database_is_migrated_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [object()])
    with nothing_written(), pytest.raises(CommandError, match=r"run manage.py migrate"):
        start("--administrator", "a@real.example", "--name", "X")
