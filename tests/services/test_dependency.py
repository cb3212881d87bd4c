"""Dependencies: no hard one runs in a circle."""

from __future__ import annotations

import pytest

from opsportal.accounts.models import Team
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.catalog import selectors
from opsportal.catalog.models import Dependency, Service
from opsportal.catalog.services import dependency_add, dependency_remove, service_retire
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.makers import NOW, ROOT, join, make_service, make_team, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team("payments")


@pytest.fixture(autouse=True)
def four(team: Team) -> list[Service]:
    return [make_service(slug, team=team) for slug in ("a", "b", "c", "d")]


def add(service: str, depends_on: str, kind: str = "hard") -> Dependency:
    return dependency_add(actor=ROOT, now=NOW, service=service, depends_on=depends_on, kind=kind)


def test_a_dependency_is_seen_from_both_ends(four: list[Service]) -> None:
    add("a", "b")
    add("a", "c", "soft")
    assert [(d.depends_on.slug, d.kind) for d in selectors.dependencies_of(four[0])] == [
        ("b", "hard"),
        ("c", "soft"),
    ]
    assert [(d.service.slug, d.kind) for d in selectors.dependants_of(four[1])] == [("a", "hard")]
    entry = AuditEntry.objects.filter(action="dependency.added").earliest("id")
    assert (entry.object_kind, entry.object_key, entry_data(entry)) == (
        "service",
        "a",
        {"depends_on": "b", "kind": "hard"},
    )


def test_hard_dependencies_in_a_circle_are_refused_with_the_way_round() -> None:
    add("a", "b")
    add("b", "c")
    add("c", "d")
    with refused(Conflict, "cycle") as caught:
        add("d", "a")
    assert "d → a → b → c → d" in caught.value.detail
    with refused(Conflict, "cycle"):
        add("b", "a")


def test_a_soft_dependency_may_close_a_circle() -> None:
    add("a", "b")
    add("b", "a", "soft")
    add("b", "c", "soft")
    add("c", "b")
    assert Dependency.objects.count() == 4


def test_a_dependency_exists_once() -> None:
    add("a", "b")
    with refused(Conflict, "exists"):
        add("a", "b", "soft")


@pytest.mark.parametrize(
    ("service", "depends_on", "kind", "pointer"),
    [
        ("nothing", "a", "hard", "/service"),
        ("a", "nothing", "hard", "/depends_on"),
        ("a", "b\x00", "hard", "/depends_on"),
        ("a", "a", "hard", "/depends_on"),
        ("a", "b", "medium", "/kind"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(
    service: str, depends_on: str, kind: str, pointer: str
) -> None:
    with refused(InvalidInput) as caught:
        add(service, depends_on, kind)
    assert caught.value.errors[0].pointer == pointer


def test_a_retired_service_gets_no_dependency() -> None:
    service_retire(actor=ROOT, now=NOW, slug="b")
    for pair in (("a", "b"), ("b", "a")):
        with refused(Conflict, "retired"):
            add(*pair)


def test_the_owner_team_of_the_leaning_service_decides(team: Team) -> None:
    make_service("shop", team=make_team("shops"))
    member = make_user()
    join(team, member)
    dependency = dependency_add(actor=member.actor, now=NOW, service="a", depends_on="shop")
    with refused(Forbidden):
        dependency_add(actor=member.actor, now=NOW, service="shop", depends_on="b")
    stranger = make_user()
    with refused(Forbidden):
        dependency_remove(actor=stranger.actor, now=NOW, dependency_id=dependency.pk)
    dependency_remove(actor=member.actor, now=NOW, dependency_id=dependency.pk)
    assert Dependency.objects.count() == 0
    assert [row.history_type for row in Dependency.history.all()] == ["-", "+"]
    with refused(NotFound):
        dependency_remove(actor=ROOT, now=NOW, dependency_id=dependency.pk)
