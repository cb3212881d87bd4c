"""Registering deployments."""

from __future__ import annotations

from typing import Any

import pytest

from changes.models import Change, Deployment
from changes.services.closing import change_cancel
from changes.services.deployments import deployment_register
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, Unavailable
from opsportal.standards.models import Activation
from tests import changing, deploying, gatepack
from tests.changing import Cast, approved, draft, submitted, window
from tests.deploying import body, codes, make_approved_template, make_stage, pipeline, register, rolled_out
from tests.makers import NOW, make_environment, make_service
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def ci() -> Actor:
    return pipeline()


def test_a_deployment_under_an_approved_change_is_allowed_and_recorded(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    decided = register(
        ci,
        change=change.key,
        artifact_digest="sha256:" + "a" * 64,
        environment_url="https://payments.example.org",
        pipeline={"provider": "github", "run_url": "https://ci.example.org/1", "actor": "octocat"},
    )
    row = Deployment.objects.get()
    assert decided.deployment == row
    assert (row.key, row.decision, row.reasons, row.state) == (f"DEP-{row.pk}", "allowed", [], "registered")
    assert (row.service, row.environment, row.change) == (cast.payments, cast.production, change)
    assert row.change_content_hash == change.content_hash
    assert row.standard_hash == Activation.objects.latest("id").standard.content_hash
    assert str(row.registered_by_id) == ci.id
    assert row.pipeline["actor"] == "octocat"
    entry = entries_about("deployment", row.key).get()
    assert (entry.action, entry.actor_id) == ("deployment.registered", ci.id)
    assert entry_data(entry)["decision"] == "allowed"


def test_history_keeps_everything_but_who_started_the_pipeline(cast: Cast, ci: Actor) -> None:
    decided = register(ci, change=approved(cast).key, pipeline={"actor": "octocat"})
    history = Deployment.history.get(id=decided.deployment.pk)
    assert history.history_user_id == str(ci)
    assert "pipeline" not in {field.name for field in history._meta.get_fields()}


def test_the_one_fitting_change_is_found(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    draft(cast)
    row = register(ci).deployment
    assert (row.decision, row.change, row.change_named) == ("allowed", change, "")


def test_several_fitting_changes_are_named_and_none_is_taken(cast: Cast, ci: Actor) -> None:
    first, second = approved(cast), approved(cast)
    decided = register(ci)
    assert (decided.deployment.decision, codes(decided)) == ("blocked", ["ambiguous_change"])
    assert decided.deployment.change is None
    assert f"{first.key}, {second.key}" in decided.deployment.reasons[0]["detail"]


def test_without_a_change_production_is_blocked_and_staging_is_not(cast: Cast, ci: Actor) -> None:
    assert codes(register(ci)) == ["change_required"]
    staging = register(ci, environment="staging")
    assert (staging.deployment.decision, staging.deployment.change) == ("allowed", None)


def test_all_failing_rules_are_told_together(cast: Cast, ci: Actor) -> None:
    decided = register(
        ci,
        change=draft(cast).key,
        checks={"tests": "failed"},
        policy_hash="another",
        environment="production",
    )
    assert decided.deployment.decision == "blocked"
    assert codes(decided) == [
        "change_not_submitted",
        "check_failed",
        "policy_hash_mismatch",
        "evidence_missing",
    ]


@pytest.mark.parametrize(
    ("state", "decision", "code"),
    [
        ("draft", "blocked", "change_not_submitted"),
        ("in_review", "pending", "change_not_approved"),
        ("approved", "allowed", None),
        ("scheduled", "allowed", None),
        ("implementing", "allowed", None),
        ("implemented", "blocked", "change_over"),
        ("failed", "blocked", "change_over"),
    ],
)
def test_a_named_change_that_does_not_fit_is_recorded_all_the_same(
    cast: Cast, ci: Actor, state: str, decision: str, code: str | None
) -> None:
    change = changing.in_state(cast, state)
    decided = register(ci, change=change.key)
    assert (decided.deployment.decision, codes(decided)) == (decision, [code] if code else [])
    assert decided.deployment.change == change


def test_a_cancelled_change_withdraws(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Not needed.")
    assert register(ci, change=change.key).deployment.decision == "withdrawn"


def test_a_window_to_come_is_pending_and_one_that_is_over_is_expired(cast: Cast, ci: Actor) -> None:
    later = approved(cast, **window(start=changing.HOUR))
    decided = register(ci, change=later.key)
    assert (decided.deployment.decision, codes(decided)) == ("pending", ["window_not_open"])
    assert decided.answer is not None
    assert decided.answer.retry_at == NOW + changing.HOUR
    after = NOW + 5 * changing.HOUR
    assert register(ci, change=later.key, now=after).deployment.decision == "expired"


def test_a_change_of_another_service_or_environment_is_blocked(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    for place in ({"service": "ledger"}, {"environment": "staging"}):
        decided = register(ci, change=change.key, **place)
        assert (decided.deployment.decision, codes(decided)) == ("blocked", ["change_elsewhere"])


def test_a_held_change_is_waited_for(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    Change.objects.filter(pk=change.pk).update(held_at=NOW, held_by=cast.lead, held_reason="Freeze.")
    assert codes(register(ci, change=change.key)) == ["change_held"]


def test_content_that_was_edited_past_the_portal_is_not_what_was_approved(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    Change.objects.filter(pk=change.pk).update(plan="Something else.")
    decided = register(ci, change=change.key)
    assert (decided.deployment.decision, codes(decided)) == ("blocked", ["content_changed"])


def test_a_state_that_was_set_past_the_portal_is_no_approval(cast: Cast, ci: Actor) -> None:
    change = submitted(cast)
    Change.objects.filter(pk=change.pk).update(state="approved")
    assert codes(register(ci, change=change.key)) == ["approval_missing"]


def test_an_emergency_ahead_of_its_approval_is_allowed_where_permitted(cast: Cast, ci: Actor) -> None:
    change = submitted(cast, type="emergency")
    assert register(ci, change=change.key).deployment.decision == "allowed"


def test_a_place_of_a_change_is_carried_out_once(cast: Cast, ci: Actor) -> None:
    change = approved(cast, environments=["staging", "production"])
    rolled_out(ci, register(ci, change=change.key))
    decided = register(ci, change=change.key, version="2.15.0")
    assert (decided.deployment.decision, codes(decided)) == ("blocked", ["change_done_here"])
    assert register(ci, change=change.key, environment="staging").deployment.decision == "allowed"


def test_a_version_counts_as_proven_where_it_succeeded(cast: Cast, ci: Actor) -> None:
    deploying.activate(*deploying.GATE_RULES, gatepack.STAGING_FIRST, version="2")
    change = approved(cast)
    assert codes(register(ci, change=change.key)) == ["requirement_not_met"]
    staging = register(ci, environment="staging")
    deploying.report(ci, staging, "started")
    deploying.report(ci, staging, "succeeded")
    assert register(ci, change=change.key).deployment.decision == "allowed"
    assert register(ci, change=change.key, version="2.15.0").deployment.decision == "blocked"


def test_a_retired_service_is_blocked(cast: Cast, ci: Actor) -> None:
    make_service("old-api")
    Service.objects.filter(slug="old-api").update(state="retired")
    assert codes(register(ci, service="old-api", environment="staging")) == ["service_retired"]


# --- templates ----------------------------------------------------------------------------------------
def test_a_fitting_template_opens_an_approved_standard_change(cast: Cast, ci: Actor) -> None:
    template = make_approved_template(cast)
    decided = register(ci)
    change = Change.objects.get()
    assert (decided.deployment.decision, decided.deployment.change) == ("allowed", change)
    assert (change.type, change.state, change.template, change.requester) == (
        "standard",
        "approved",
        template,
        None,
    )
    assert change.plan == "Roll out step by step."
    assert changing.told(change) == ["change.created", "change.submitted", "change.approved"]


def test_the_change_that_a_template_opened_is_used_again_and_not_doubled(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast)
    first, second = register(ci), register(ci)
    assert first.deployment.change == second.deployment.change
    assert Change.objects.count() == 1


def test_another_release_has_a_standard_change_of_its_own(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast)
    first, other, again = register(ci), register(ci, version="2.14.1"), register(ci)
    assert other.deployment.change != first.deployment.change
    assert again.deployment.change == first.deployment.change
    assert {one.deployment.decision for one in (first, other, again)} == {"allowed"}


def test_a_standard_change_that_needs_a_vote_waits_and_is_not_doubled(cast: Cast, ci: Actor) -> None:
    stage = changing.stage("manager", "manager", when='change.type == "standard"')
    deploying.activate(*deploying.GATE_RULES, stage, version="2")
    make_approved_template(cast)
    first, second = register(ci), register(ci)
    assert (first.deployment.decision, codes(first)) == ("pending", ["change_not_approved"])
    assert first.deployment.change == second.deployment.change
    assert Change.objects.get().state == "in_review"


def test_a_registration_that_is_blocked_anyway_opens_nothing(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast)
    decided = register(ci, checks={"tests": "failed", "security_scan": "passed"})
    assert (decided.deployment.decision, codes(decided)) == ("blocked", ["check_failed"])
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"state": "draft"},
        {"state": "retired"},
        {"valid_until": NOW.date().replace(day=1)},
        {"content_hash": "d" * 64},
        {"pipelines": False},
    ],
)
def test_a_template_that_is_not_approved_as_it_stands_opens_nothing(
    cast: Cast, ci: Actor, change: dict[str, Any]
) -> None:
    template = make_approved_template(cast)
    type(template).objects.filter(pk=template.pk).update(**change)
    assert codes(register(ci)) == ["change_required"]
    assert not Change.objects.exists()


def test_a_template_does_not_count_where_it_names_another_place(cast: Cast, ci: Actor) -> None:
    make_approved_template(cast, services=["ledger"])
    assert codes(register(ci)) == ["change_required"]


# --- refused ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "pointers"),
    [
        ({"service": "nothing"}, ["/service"]),
        ({"environment": "nowhere"}, ["/environment"]),
        ({"service": "nothing", "environment": "nowhere"}, ["/service", "/environment"]),
        ({"change": "CHG-999999"}, ["/change"]),
        ({"change": "CHG-" + "9" * 18}, ["/change"]),
        ({"change": "INC-1"}, ["/change"]),
        ({"change": "first"}, ["/change"]),
        ({"checks": {"tsets": "passed"}}, ["/checks/tsets"]),
        ({"checks": {"tests": "ok"}}, ["/checks/tests"]),
        ({"checks": {"tests": True}}, ["/checks/tests"]),
        ({"checks": ["tests"]}, ["/checks"]),
        ({"checks": {f"c{n}": "passed" for n in range(60)}}, ["/checks"]),
        ({"checks": {"a/b~c": "passed"}}, ["/checks/a~1b~0c"]),
        ({"service": None}, ["/service"]),
        ({"version": None}, ["/version"]),
        ({"version": ""}, ["/version"]),
        ({"version": "x" * 121}, ["/version"]),
        ({"version": 2.14}, ["/version"]),
        ({"version": "a\x00b"}, ["/version"]),
        ({"version": "a\nb"}, ["/version"]),
        ({"version": "\ud800"}, ["/version"]),
        ({"commit": "9fceb0"}, ["/commit"]),
        ({"commit": "g" * 40}, ["/commit"]),
        ({"commit": "a" * 65}, ["/commit"]),
        ({"artifact_digest": "latest"}, ["/artifact_digest"]),
        ({"artifact_digest": "sha256:xyz"}, ["/artifact_digest"]),
        ({"environment_url": "javascript:alert(1)"}, ["/environment_url"]),
        ({"environment_url": "https://"}, ["/environment_url"]),
        ({"environment_url": "http://[::1"}, []),
        ({"environment_url": "https://a.example/" + "x" * 500}, ["/environment_url"]),
        ({"policy_hash": "x" * 129}, ["/policy_hash"]),
        ({"policy_hash": 7}, ["/policy_hash"]),
        ({"pipeline": "github"}, ["/pipeline"]),
        ({"pipeline": {"run": "1"}}, ["/pipeline/run"]),
        ({"pipeline": {"run_url": "ftp://x"}}, ["/pipeline/run_url"]),
        ({"pipeline": {"actor": "x" * 121}}, ["/pipeline/actor"]),
        ({"approved_by": "me"}, ["/approved_by"]),
        ({"state": "succeeded", "decision": "allowed"}, ["/decision", "/state"]),
    ],
)
def test_bad_input_is_refused_with_pointers_and_nothing_is_written(
    cast: Cast, ci: Actor, more: dict[str, Any], pointers: list[str]
) -> None:
    if not pointers:
        register(ci, environment="staging", **more)
        return
    with nothing_written(), pytest.raises(InvalidInput) as caught:
        register(ci, **more)
    assert sorted(error.pointer for error in caught.value.errors) == sorted(pointers)


def test_right_to_left_text_and_emoji_are_kept(cast: Cast, ci: Actor) -> None:
    version = "2.14.0-שלום-🚀"
    assert register(ci, environment="staging", version=version).deployment.release == version


def test_null_is_the_same_as_not_there(cast: Cast, ci: Actor) -> None:
    sent = body(environment="staging") | {"change": None, "commit": None, "pipeline": None}
    assert deployment_register(actor=ci, now=NOW, body=sent).deployment.decision == "allowed"


@pytest.mark.parametrize(
    "scopes", [("deployments:read",), ("gate:read",), ("changes:write",)], ids=lambda scopes: scopes[0]
)
def test_only_a_pipeline_with_the_scope_registers(cast: Cast, scopes: tuple[str, ...]) -> None:
    machine = pipeline(*scopes)
    with refused(Forbidden):
        register(machine)


def test_people_register_nothing(cast: Cast) -> None:
    with refused(Forbidden):
        register(cast.requester.actor)


def test_without_a_standard_nothing_is_let_through(ci: Actor) -> None:
    make_service("payments-api")
    make_environment("production")
    with refused(Unavailable):
        register(ci)
