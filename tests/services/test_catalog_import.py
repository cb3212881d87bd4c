"""The catalogue from a file: the preview is the import, all of it or none."""

from __future__ import annotations

from typing import Any

import pytest

from opsportal.audit.models import AuditEntry
from opsportal.catalog.models import Dependency, Service
from opsportal.catalog.selectors import entries
from opsportal.catalog.services import catalog_import, catalog_preview
from opsportal.catalog.sheet import Row, checked, rows_of
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, Stale
from tests.makers import NOW, ROOT, join, make_service, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

FULL = {"tier": "core", "data_classification": "internal", "owner_team": "owners"}


def rows(*services: Any) -> list[Row]:
    return rows_of(list(services))


@pytest.fixture(autouse=True)
def _owners() -> None:
    make_team("owners")


def test_new_and_changed_services_and_what_they_depend_on() -> None:
    make_service("old", name="Old")
    given = rows(
        {"slug": "shop", "name": "Shop", **FULL, "depends_on": {"till": "hard", "old": "soft"}},
        {"slug": "till", "name": "Till", **FULL},
        {"slug": "old", "name": "Older"},
    )
    with nothing_written():
        plan = catalog_preview(actor=ROOT, now=NOW, rows=given)
    assert [line.outcome for line in plan.lines] == ["new", "new", "changed"]
    assert [(one.field, one.before, one.after) for one in plan.lines[2].differences] == [
        ("name", "Old", "Older")
    ]
    done = catalog_import(actor=ROOT, now=NOW, rows=given, fingerprint=plan.fingerprint)
    assert done.fingerprint == plan.fingerprint
    assert {entry["slug"]: entry["depends_on"] for entry in entries()} == {
        "old": {},
        "shop": {"till": "hard", "old": "soft"},
        "till": {},
    }
    again = catalog_import(actor=ROOT, now=NOW, rows=given)
    assert [line.outcome for line in again.lines] == ["same"] * 3
    assert AuditEntry.objects.filter(action="service.created").count() == 3


def test_dependencies_become_exactly_what_is_given_even_turned_round() -> None:
    catalog_import(
        actor=ROOT,
        now=NOW,
        rows=rows(
            {"slug": "a", "name": "A", **FULL, "depends_on": {"b": "hard"}},
            {"slug": "b", "name": "B", **FULL},
        ),
    )
    catalog_import(
        actor=ROOT,
        now=NOW,
        rows=rows({"slug": "a", "depends_on": {}}, {"slug": "b", "depends_on": {"a": "hard"}}),
    )
    assert list(Dependency.objects.values_list("service__slug", "depends_on__slug")) == [("b", "a")]


@pytest.mark.parametrize(
    ("service", "pointer"),
    [
        ({"slug": "x", "name": "X", **FULL, "tier": ""}, "/services/1/tier"),
        ({"slug": "x", "name": "X", **FULL, "tier": "top"}, "/services/1/tier"),
        ({"slug": "x", "name": "X", **FULL, "owner_team": "nobody"}, "/services/1/owner_team"),
        ({"slug": "Not A Slug", "name": "X", **FULL}, "/services/1/slug"),
        (
            {"slug": "x", "name": "X", **FULL, "links": [{"title": "t", "url": "javascript:x"}]},
            "/services/1/links/0/url",
        ),
        ({"slug": "x", "name": "X", **FULL, "depends_on": {"gone": "hard"}}, "/services/1/depends_on"),
        ({"slug": "x", "name": "X", **FULL, "depends_on": {"good": "hardly"}}, "/services/1/depends_on"),
        ({"slug": "x", "name": "X", **FULL, "depends_on": {"x": "hard"}}, "/services/1/depends_on"),
    ],
)
def test_one_wrong_row_and_nothing_is_written(service: dict[str, Any], pointer: str) -> None:
    given = rows({"slug": "good", "name": "Good", **FULL}, service)
    with nothing_written():
        plan = catalog_preview(actor=ROOT, now=NOW, rows=given)
    assert [line.outcome for line in plan.lines] == ["new", "refused"]
    with refused(InvalidInput) as caught:
        catalog_import(actor=ROOT, now=NOW, rows=given)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_all_faults_of_all_rows_are_told_at_once() -> None:
    make_service("old", name="Old")
    given = checked(
        rows(
            {"slug": "Bad Slug", "tier": "top", "links": [{"title": "", "url": "x"}], "colour": "red"},
            7,
            {"slug": "shop", "name": 1, **FULL, "owner_team": "nobody", "depends_on": {"gone": "hard"}},
            {"slug": "old", "tier": "top", "data_classification": "secret", "depends_on": {"shop": "firm"}},
            {"slug": "till", "name": "Till", **FULL, "depends_on": {"shop": "hard", "old": "soft"}},
            {"slug": "till", "name": "Till", **FULL, "depends_on": "shop"},
        )
    )
    with nothing_written():
        plan = catalog_preview(actor=ROOT, now=NOW, rows=given)
    told = [[one.pointer.removeprefix(line.row.pointer) for one in line.errors] for line in plan.lines]
    assert [" ".join(sorted(pointers)) for pointers in told] == [
        "/colour /data_classification /links/0/title /links/0/url /name /owner_team /slug /tier",
        "",
        "/depends_on /name /owner_team",
        "/data_classification /depends_on /tier",
        "",
        "/depends_on /slug",
    ]
    assert [line.outcome for line in plan.lines] == ["refused"] * 4 + ["new", "refused"]
    with refused(InvalidInput) as caught:
        catalog_import(actor=ROOT, now=NOW, rows=given)
    assert list(caught.value.errors) == plan.errors


def test_a_circle_of_hard_dependencies_is_refused() -> None:
    given = rows(
        {"slug": "a", "name": "A", **FULL, "depends_on": {"b": "hard"}},
        {"slug": "b", "name": "B", **FULL, "depends_on": {"a": "hard"}},
    )
    with refused(InvalidInput) as caught:
        catalog_import(actor=ROOT, now=NOW, rows=given)
    assert [(one.pointer, one.code) for one in caught.value.errors] == [("/services/1", "cycle")]


def test_a_catalogue_that_moved_on_since_the_preview_is_stale() -> None:
    given = rows({"slug": "shop", "name": "Shop", **FULL})
    plan = catalog_preview(actor=ROOT, now=NOW, rows=given)
    make_service("shop", name="Somebody else's")
    with refused(Stale):
        catalog_import(actor=ROOT, now=NOW, rows=given, fingerprint=plan.fingerprint)


def test_a_member_may_import_what_the_team_owns_and_nothing_else() -> None:
    member = make_user()
    join(make_team("mine"), member)
    actor = Actor.user(member.pk)
    mine = {"slug": "ours", "name": "Ours", **FULL, "owner_team": "mine"}
    with refused(InvalidInput) as caught:
        catalog_import(actor=actor, now=NOW, rows=rows(mine, {"slug": "theirs", "name": "Theirs", **FULL}))
    assert [(one.pointer, one.code) for one in caught.value.errors] == [("/services/1", "forbidden")]
    catalog_import(actor=actor, now=NOW, rows=rows(mine))
    assert Service.objects.get().slug == "ours"
