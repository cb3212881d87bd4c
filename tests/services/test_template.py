"""Standard-change templates, from draft to retirement, and the changes that are opened from them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from changes.models import Change, ChangeTemplate, TemplateTarget
from changes.services.openings import change_open
from changes.services.templates import (
    template_create,
    template_retire,
    template_revise,
    template_submit,
    template_vote,
    template_withdraw,
)
from opsportal.approvals.models import ApprovalRequest
from opsportal.approvals.outcome import Decision
from opsportal.audit.selectors import entries_about
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, RuleRefused, Stale
from opsportal.obligations.models import Obligation
from tests import changing, deploying, gatepack
from tests.changing import Cast, refused_as
from tests.deploying import make_approved_template, make_stage, pipeline
from tests.makers import NOW, grant, join
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

FIELDS: dict[str, Any] = {
    "title": "Routine release",
    "description": "What the pipeline built from main.",
    "risk": "low",
    "plan": "Roll out step by step.",
    "rollback_plan": "Roll back to the version before.",
    "services": ["payments-api"],
    "environments": ["production"],
}


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def make(cast: Cast, **more: Any) -> ChangeTemplate:
    return template_create(
        actor=cast.lead.actor, now=NOW, slug=more.pop("slug", "routine"), fields={**FIELDS, **more}
    )


def submit(cast: Cast, **more: Any) -> ChangeTemplate:
    return template_submit(actor=cast.lead.actor, now=NOW, slug=make(cast, **more).slug)


def vote(
    template: ChangeTemplate, voter: Any, decision: Decision = Decision.APPROVE, **more: Any
) -> ChangeTemplate:
    seen = more.pop("content_hash", fresh(template).content_hash)
    if decision == Decision.REJECT:
        more.setdefault("comment", "It is too vague.")
    return template_vote(
        actor=voter.actor, now=NOW, slug=template.slug, decision=decision, content_hash=seen, **more
    )


def fresh(template: ChangeTemplate) -> ChangeTemplate:
    return ChangeTemplate.objects.get(pk=template.pk)


def told(template: ChangeTemplate) -> list[str]:
    return [entry.action for entry in entries_about("template", template.slug)]


def owed(template: ChangeTemplate) -> list[str]:
    rows = Obligation.objects.filter(subject_kind="template", subject_key=template.slug).order_by("id")
    return list(rows.values_list("state", flat=True))


def test_a_draft_is_made(cast: Cast) -> None:
    template = make(cast, valid_until=date(2027, 3, 31))
    assert (template.state, template.version, template.author) == ("draft", 1, cast.lead)
    assert len(template.content_hash) == 64
    target = TemplateTarget.objects.get()
    assert (target.service, target.environment) == (cast.payments, cast.production)
    assert told(template) == ["template.created"]


def test_the_board_approves_it_by_the_quorum_of_the_pack(cast: Cast) -> None:
    template = submit(cast)
    assert (template.state, owed(template)) == ("in_review", ["open"])
    assert vote(template, cast.board[0]).state == "in_review"
    assert vote(template, cast.board[1]).state == "approved"
    assert owed(template) == ["met"]
    assert "template.approved" in told(template)


def test_one_reject_ends_it(cast: Cast) -> None:
    template = submit(cast)
    assert vote(template, cast.board[0], Decision.REJECT).state == "rejected"
    assert owed(template) == ["met"]


def test_its_author_never_votes_on_it(cast: Cast) -> None:
    grant("board", cast.lead)
    template = submit(cast)
    with refused(Forbidden):
        vote(template, cast.lead)


def test_a_machine_never_votes_and_never_writes_one(cast: Cast) -> None:
    template = submit(cast)
    machine = pipeline("changes:write")
    with refused(Forbidden):
        template_vote(
            actor=machine,
            now=NOW,
            slug=template.slug,
            decision=Decision.APPROVE,
            content_hash=template.content_hash,
        )
    with refused(Forbidden):
        template_create(actor=machine, now=NOW, slug="other", fields=FIELDS)


def test_a_vote_binds_what_was_seen(cast: Cast) -> None:
    template = submit(cast)
    with refused(Stale):
        vote(template, cast.board[0], content_hash="0" * 64)


def test_a_decided_one_takes_no_votes(cast: Cast) -> None:
    template = make_approved_template(cast)
    with refused(Conflict, "voting_closed"):
        vote(template, cast.board[2])


@pytest.mark.parametrize(
    "field", ["title", "description", "risk", "plan", "rollback_plan", "valid_until", "pipelines"]
)
def test_an_edit_of_an_approved_one_makes_it_a_draft_and_votes_void(cast: Cast, field: str) -> None:
    template = make_approved_template(cast)
    value: Any = {"risk": "medium", "valid_until": date(2030, 1, 1), "pipelines": False}.get(
        field, "Otherwise."
    )
    template_revise(actor=cast.lead.actor, now=NOW, slug=template.slug, fields={field: value})
    row = fresh(template)
    assert (row.state, row.revision, row.standard_hash) == ("draft", 2, "")
    assert row.content_hash != template.content_hash
    assert [request.state for request in ApprovalRequest.objects.all()] == ["void"]


def test_a_place_more_is_an_edit(cast: Cast) -> None:
    template = make_approved_template(cast)
    template_revise(
        actor=cast.lead.actor, now=NOW, slug=template.slug, fields={"environments": ["production", "staging"]}
    )
    assert fresh(template).state == "draft"
    assert TemplateTarget.objects.count() == 2


def test_an_edit_in_review_ends_what_was_owed(cast: Cast) -> None:
    template = submit(cast)
    template_revise(actor=cast.lead.actor, now=NOW, slug=template.slug, fields={"plan": "Otherwise."})
    assert (fresh(template).state, owed(template)) == ("draft", ["void"])
    template_submit(actor=cast.lead.actor, now=NOW, slug=template.slug)
    assert owed(template) == ["void", "open"]


def test_the_same_again_is_no_edit(cast: Cast) -> None:
    template = make_approved_template(cast)
    with nothing_written():
        template_revise(actor=cast.lead.actor, now=NOW, slug=template.slug, fields={"plan": template.plan})


def test_whoever_edited_it_does_not_vote_on_it(cast: Cast) -> None:
    template = make(cast)
    join(cast.team, cast.board[0])
    template_revise(actor=cast.board[0].actor, now=NOW, slug=template.slug, fields={"plan": "Mine."})
    template = template_submit(actor=cast.lead.actor, now=NOW, slug=template.slug)
    with refused(Forbidden):
        vote(template, cast.board[0])


def test_it_is_taken_back(cast: Cast) -> None:
    template = submit(cast)
    template_withdraw(actor=cast.lead.actor, now=NOW, slug=template.slug)
    assert (fresh(template).state, owed(template)) == ("draft", ["void"])
    with refused(Conflict, "voting_closed"):
        vote(template, cast.board[0])


def test_it_is_retired_for_good(cast: Cast) -> None:
    template = make_approved_template(cast)
    template_retire(actor=cast.board[2].actor, now=NOW, slug=template.slug, reason="No longer safe.")
    assert fresh(template).state == "retired"
    for attempt in (template_submit, template_withdraw, template_retire):
        with refused(IllegalMove):
            attempt(actor=cast.lead.actor, now=NOW, slug=template.slug)
    with refused(IllegalMove):
        template_revise(actor=cast.lead.actor, now=NOW, slug=template.slug, fields={"plan": "New."})


def test_a_bystander_only_reads(cast: Cast) -> None:
    template = make(cast)
    for attempt in (template_submit, template_withdraw, template_retire):
        with refused(Forbidden):
            attempt(actor=cast.bystander.actor, now=NOW, slug=template.slug)
    with refused(Forbidden):
        template_revise(actor=cast.bystander.actor, now=NOW, slug=template.slug, fields={"plan": "Mine."})


def test_what_the_pack_demands_of_a_template_is_demanded(cast: Cast) -> None:
    plan = changing.rule("template-plan", "template.submit", '{ field = "plan" }')
    low = changing.rule(
        "template-low",
        "template.submit",
        """{ require = 'template.risk == "low"' }""",
        more='message = "Only low risk."\ncode = "risk_too_high"',
    )
    deploying.activate(*deploying.GATE_RULES, plan, low, version="2")
    empty = make(cast, plan="")
    with pytest.raises(InvalidInput) as caught:
        template_submit(actor=cast.lead.actor, now=NOW, slug=empty.slug)
    assert [error.pointer for error in caught.value.errors] == ["/plan"]
    risky = make(cast, slug="risky", risk="high")
    with refused_as(RuleRefused, "risk_too_high"):
        template_submit(actor=cast.lead.actor, now=NOW, slug=risky.slug)


def test_where_nobody_approves_templates_none_is_approved(cast: Cast) -> None:
    deploying.activate(gatepack.CHANGE_NEEDED, version="2")
    template = make(cast)
    with refused_as(RuleRefused, "nobody_approves"):
        template_submit(actor=cast.lead.actor, now=NOW, slug=template.slug)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": "x" * 201}, "/title"),
        ({"risk": "none"}, "/risk"),
        ({"plan": 7}, "/plan"),
        ({"plan": "a\x00b"}, "/plan"),
        ({"services": ["nothing"]}, "/services/0"),
        ({"environments": "production"}, "/environments"),
        ({"valid_until": "soon"}, "/valid_until"),
        ({"pipelines": "no"}, "/pipelines"),
        ({"valid_until": NOW}, "/valid_until"),
        ({"type": "standard"}, "/type"),
        ({"state": "approved"}, "/state"),
    ],
)
def test_bad_input_is_refused_with_its_pointer(cast: Cast, more: dict[str, Any], pointer: str) -> None:
    with nothing_written(), pytest.raises(InvalidInput) as caught:
        make(cast, **more)
    assert [error.pointer for error in caught.value.errors] == [pointer]


@pytest.mark.parametrize("slug", ["", "Has Blanks", "-x", "x" * 61, 7, "ümlaut"])
def test_a_bad_slug_is_refused(cast: Cast, slug: Any) -> None:
    with refused(InvalidInput):
        make(cast, slug=slug)


def test_a_slug_is_given_once(cast: Cast) -> None:
    make(cast)
    with refused(Conflict, "exists"):
        make(cast)


def test_an_old_reading_is_refused(cast: Cast) -> None:
    template = make(cast)
    with refused(Stale):
        template_submit(actor=cast.lead.actor, now=NOW, slug=template.slug, version=7)


def test_an_unknown_one_is_not_found(cast: Cast) -> None:
    with refused(NotFound):
        template_submit(actor=cast.lead.actor, now=NOW, slug="nothing")


# --- what is opened from it ---------------------------------------------------------------------------
PLACE = [("payments-api", "production")]


def test_a_person_opens_an_approved_change_from_it(cast: Cast) -> None:
    template = make_approved_template(cast)
    change = change_open(actor=cast.requester.actor, now=NOW, template=template.slug, targets=PLACE)
    assert (change.type, change.state, change.title) == ("standard", "approved", "Routine release")
    assert (change.requester, change.template_hash) == (cast.requester, template.content_hash)


def test_it_is_opened_only_for_its_own_places(cast: Cast) -> None:
    template = make_approved_template(cast)
    with refused(InvalidInput, "not_in_template"):
        change_open(
            actor=cast.requester.actor, now=NOW, template=template.slug, targets=[("payments-api", "staging")]
        )


@pytest.mark.parametrize("step", [template_retire, template_withdraw, None])
def test_nothing_is_opened_from_one_that_is_not_approved(cast: Cast, step: Any) -> None:
    if step is template_retire:
        template = make_approved_template(cast)
        step(actor=cast.lead.actor, now=NOW, slug=template.slug)
    else:
        template = submit(cast)
        if step is not None:
            step(actor=cast.lead.actor, now=NOW, slug=template.slug)
    with refused(InvalidInput, "not_approved"):
        change_open(actor=cast.requester.actor, now=NOW, template=template.slug, targets=PLACE)
    assert not Change.objects.exists()


def test_a_change_that_was_opened_goes_on_when_its_template_is_retired(cast: Cast) -> None:
    template = make_approved_template(cast)
    change = change_open(actor=cast.requester.actor, now=NOW, template=template.slug, targets=PLACE)
    template_retire(actor=cast.lead.actor, now=NOW, slug=template.slug)
    ci = pipeline()
    assert deploying.register(ci, change=change.key).deployment.decision == "allowed"
