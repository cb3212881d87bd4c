"""Drafting a change."""

from __future__ import annotations

from typing import Any

import pytest

from changes.services.content import content_of
from changes.services.drafts import change_create
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput
from tests.changing import HOUR, fields, history_count, make_cast, make_template, told, window
from tests.makers import NOW, make_service
from tests.untouched import refused

pytestmark = pytest.mark.django_db
MACHINE = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"changes:write"}))


def pointers(caught: pytest.ExceptionInfo[Any]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in caught.value.errors]


def test_a_person_requests_what_they_write() -> None:
    cast = make_cast()
    change = change_create(actor=cast.requester.actor, now=NOW, fields=fields(**window(), tags=["db", "db"]))
    assert (change.key, change.state, change.revision, change.version) == (f"CHG-{change.pk}", "draft", 1, 1)
    assert (change.requester, change.author_ids) == (cast.requester, [str(cast.requester.pk)])
    assert (change.window_start, change.window_end) == (NOW - HOUR, NOW + HOUR)
    assert change.tags == ["db"]
    targets = [(row.service, row.environment) for row in change.targets.all()]
    assert targets == [(cast.payments, cast.production)]
    assert change.content_hash == content_of(change, change.targets.all()).hash
    assert told(change) == ["change.created"]
    assert history_count(change) == 1


def test_services_and_environments_mean_each_in_each_and_targets_exactly_these() -> None:
    cast = make_cast()
    change = change_create(
        actor=cast.requester.actor,
        now=NOW,
        fields=fields(services=["payments-api", "ledger"], environments=["staging", "production"]),
    )
    assert change.targets.count() == 4
    exact = fields(targets=[("ledger", "staging"), ("ledger", "staging"), ("payments-api", "production")])
    del exact["services"], exact["environments"]
    change = change_create(actor=cast.requester.actor, now=NOW, fields=exact)
    assert change.targets.count() == 2


def test_a_draft_may_be_nearly_empty() -> None:
    cast = make_cast()
    change = change_create(
        actor=cast.requester.actor, now=NOW, fields={"type": "emergency", "title": "⚠️ مستعجل"}
    )
    assert (change.title, change.description, change.targets.count()) == ("⚠️ مستعجل", "", 0)


def test_every_wrong_field_is_named_at_once() -> None:
    cast = make_cast()
    wrong = {
        "type": "huge",
        "title": "",
        "risk": 3,
        "description": "nul\x00byte",
        "plan": "x" * 20_001,
        "window_start": "tomorrow",
        "tags": ["x"] * 21,
        "services": ["nope", "payments-api"],
        "environments": ["moon"],
        "implementer": "not-an-id",
        "template": "no-such",
        "state": "approved",
    }
    with refused(InvalidInput) as caught:
        change_create(actor=cast.requester.actor, now=NOW, fields=wrong)
    assert sorted(pointers(caught)) == [
        ("/description", "control_characters"),
        ("/environments/0", "unknown"),
        ("/implementer", "unknown"),
        ("/plan", "too_long"),
        ("/risk", "unknown"),
        ("/services/0", "unknown"),
        ("/state", "unknown"),
        ("/tags", "invalid"),
        ("/template", "unknown"),
        ("/title", "required"),
        ("/type", "unknown"),
        ("/window_start", "not_a_time"),
    ]


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"type": None}, "/type", "unknown"),
        ({"window_start": NOW}, "/window_end", "required"),
        ({"window_end": NOW}, "/window_start", "required"),
        ({"window_start": NOW, "window_end": NOW}, "/window_end", "ends_before_start"),
        ({"window_start": NOW, "window_end": NOW - HOUR}, "/window_end", "ends_before_start"),
        ({"window_start": NOW.replace(tzinfo=None)}, "/window_start", "no_zone"),
        ({"environments": []}, "/environments", "required"),
        ({"services": []}, "/services", "required"),
        ({"services": "payments-api"}, "/services", "invalid"),
        ({"services": ["\x00"]}, "/services/0", "control_characters"),
        ({"targets": [("ledger", "staging")]}, "/targets", "twice"),
        ({"title": "two\nlines"}, "/title", "control_characters"),
        ({"title": 7}, "/title", "not_text"),
        ({"author_ids": []}, "/author_ids", "unknown"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field(more: dict[str, Any], pointer: str, code: str) -> None:
    cast = make_cast()
    with refused(InvalidInput) as caught:
        change_create(actor=cast.requester.actor, now=NOW, fields=fields(**more))
    assert pointers(caught) == [(pointer, code)]


def test_type_and_title_are_needed() -> None:
    cast = make_cast()
    with refused(InvalidInput) as caught:
        change_create(actor=cast.requester.actor, now=NOW, fields={"description": "?"})
    assert pointers(caught) == [("/type", "required"), ("/title", "required")]


def test_a_retired_service_cannot_be_named() -> None:
    cast = make_cast()
    old = make_service("old", team=cast.team)
    old.state = "retired"
    old.save()
    with refused(InvalidInput) as caught:
        change_create(actor=cast.requester.actor, now=NOW, fields=fields(services=["old"]))
    assert pointers(caught) == [("/services/0", "unknown")]


def test_nobody_writes_in_the_name_of_another_person() -> None:
    cast = make_cast()
    with refused(Forbidden):
        change_create(actor=cast.bystander.actor, now=NOW, fields=fields(), requester=str(cast.requester.pk))


@pytest.mark.parametrize(
    "actor",
    [Actor.anonymous(), Actor.service_account("x", frozenset({"changes:read"})), Actor.system("tick")],
)
def test_without_a_person_or_the_scope_nothing_is_written(actor: Actor) -> None:
    make_cast()
    with refused(Forbidden):
        change_create(actor=actor, now=NOW, fields=fields())


def test_a_machine_names_the_person_who_requests_it_by_id_or_address() -> None:
    cast = make_cast()
    for named in (str(cast.requester.pk), cast.requester.email, cast.requester.email.upper()):
        change = change_create(actor=MACHINE, now=NOW, fields=fields(), requester=named)
        assert (change.requester, change.author_ids) == (cast.requester, [MACHINE.id])


def test_somebody_who_is_barred_requests_and_carries_out_nothing() -> None:
    cast = make_cast()
    cast.bystander.is_active = False
    cast.bystander.save()
    for named in (str(cast.bystander.pk), cast.bystander.email):
        with refused(InvalidInput):
            change_create(actor=MACHINE, now=NOW, fields=fields(), requester=named)
        with refused(InvalidInput):
            change_create(actor=cast.requester.actor, now=NOW, fields=fields(implementer=named))


@pytest.mark.parametrize(
    ("requester", "code"), [("", "required"), ("nobody", "unknown"), ("no@where", "unknown")]
)
def test_a_machine_that_names_nobody_is_refused(requester: str, code: str) -> None:
    make_cast()
    with refused(InvalidInput) as caught:
        change_create(actor=MACHINE, now=NOW, fields=fields(), requester=requester)
    assert pointers(caught) == [("/requester", code)]


def test_a_template_answers_for_a_machine_and_gives_what_it_fixes() -> None:
    cast = make_cast()
    make_template(cast)
    change = change_create(
        actor=MACHINE,
        now=NOW,
        fields={"template": "restart", "services": ["payments-api"], "environments": ["production"]},
    )
    assert (change.type, change.title, change.risk) == ("standard", "Restart the service", "low")
    assert (change.description, change.plan) == ("One node after the other.", "Restart.")
    assert (change.rollback_plan, change.template_hash) == ("Restart again.", "c" * 64)
    assert change.requester is None


def test_what_a_template_fixes_cannot_be_written_otherwise() -> None:
    cast = make_cast()
    make_template(cast)
    with refused(InvalidInput) as caught:
        change_create(
            actor=cast.requester.actor, now=NOW, fields=fields(template="restart", risk="high", plan="Other.")
        )
    assert pointers(caught) == [
        ("/risk", "from_template"),
        ("/plan", "from_template"),
        ("/rollback_plan", "from_template"),
    ]


def test_a_template_holds_only_where_it_is_approved_for() -> None:
    cast = make_cast()
    make_template(cast)
    with refused(InvalidInput) as caught:
        change_create(
            actor=cast.requester.actor,
            now=NOW,
            fields={"template": "restart", "services": ["ledger"], "environments": ["production"]},
        )
    assert pointers(caught) == [("/targets", "not_in_template")]


@pytest.mark.parametrize("more", [{"state": "draft"}, {"valid_until": NOW.date().replace(day=1)}])
def test_a_template_that_is_not_approved_now_cannot_be_used(more: dict[str, Any]) -> None:
    cast = make_cast()
    make_template(cast, **more)
    with refused(InvalidInput) as caught:
        change_create(actor=cast.requester.actor, now=NOW, fields={"template": "restart"})
    assert pointers(caught) == [("/template", "not_approved")]
