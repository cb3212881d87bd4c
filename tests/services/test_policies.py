"""Policies from draft to signature, and the register of documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from compliance.models import (
    Attestation,
    Document,
    DocumentLink,
    Evidence,
    Policy,
    PolicyPublication,
    PolicyVersion,
)
from compliance.policing.reviews import end_of_review
from compliance.selectors.kept import keep_evaluate
from compliance.selectors.policies import policies_to_vote, unsigned
from compliance.services.controls.evidence import Upload
from compliance.services.policies import link_check, signatures
from compliance.services.policies.approval import policy_vote
from compliance.services.policies.documents import (
    document_edit,
    document_register,
    document_reinstate,
    document_retire,
    document_review,
)
from compliance.services.policies.link_check import document_links_check
from compliance.services.policies.policies import (
    hash_of,
    policy_create,
    policy_edit,
    policy_publish,
    policy_reinstate,
    policy_retire,
    policy_review,
    policy_submit,
    policy_withdraw,
)
from compliance.services.policies.signatures import policy_attest, signatures_follow
from incidents.services.runbooks.link_check import Seen
from opsportal.accounts.models import Team, User
from opsportal.accounts.services import user_update
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import live_request
from opsportal.core.actor import Actor
from opsportal.core.due import DueError
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, RuleRefused, Stale
from opsportal.obligations.models import Obligation
from opsportal.standards.rules import Rule, Source
from opsportal.standards.selectors import active_standard
from opsportal.standards.standing import Keep
from tests.changing import activate, rule
from tests.makers import NOW, ROOT, grant, join, make_role, make_service, make_team, make_user
from tests.once import made_once
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TEXT = "# Security\n\nLock your screen."


@dataclass
class Cast:
    """Who owns the policy, two members of boards, an administrator, two of a team that has to sign."""

    owner: User
    first: User
    second: User
    admin: User
    signer: User
    other: User
    team: Team


@made_once
def make_cast() -> Cast:
    activate(rule("plan-needed", "change.submit", '{ field = "plan" }'))
    owner, first, second = make_user(name="Olga"), make_user(name="Finn"), make_user(name="Sara")
    admin, signer, other = make_user(name="Ann", staff=True), make_user(name="Sid"), make_user(name="Nina")
    board = make_role("risk-board")
    for member in (owner, first, second):
        grant(board, member)
    team = make_team("payments", signer, other)
    make_service("payments-api", team=team, tier="critical")
    return Cast(owner, first, second, admin, signer, other, team)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def draft(cast: Cast, **fields: Any) -> Policy:
    given = {"title": "Security", "kind": "security", "text": TEXT, "audience": "team:payments", **fields}
    return policy_create(actor=cast.owner.actor, now=NOW, fields=given)


def vote(person: User, policy: Policy, decision: str = "approve", now: datetime = NOW) -> Policy:
    return policy_vote(
        actor=person.actor,
        now=now,
        key=policy.key,
        decision=Decision(decision),
        content_hash=Policy.objects.get(pk=policy.pk).content_hash,
    )


def in_force(cast: Cast, **fields: Any) -> Policy:
    policy = draft(cast, **fields)
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    vote(cast.first, policy)
    vote(cast.second, policy)
    return policy_publish(actor=cast.owner.actor, now=NOW, key=policy.key)


def sign(person: User, policy: Policy, now: datetime = NOW) -> Attestation:
    version = PolicyVersion.objects.get(policy=policy, number=policy.published or 0)
    return policy_attest(
        actor=person.actor, now=now, key=policy.key, number=version.number, content_hash=version.content_hash
    )


def owed(policy: Policy, rule_id: str) -> list[tuple[str, str]]:
    rows = Obligation.objects.filter(subject_key=policy.key, rule_id=rule_id).order_by("id")
    return [(row.state, f"{row.due_at:%Y-%m-%d}") for row in rows]


def test_a_quorum_of_others_approves_and_then_it_is_put_in_force(cast: Cast) -> None:
    policy = draft(cast)
    with refused(IllegalMove):
        policy_publish(actor=cast.owner.actor, now=NOW, key=policy.key)
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    assert [one.key for one in policies_to_vote(cast.first.pk, NOW)] == [policy.key]
    assert policies_to_vote(cast.owner.pk, NOW) == []
    with refused(Forbidden):
        vote(cast.owner, policy)
    with refused(Forbidden):
        vote(cast.signer, policy)
    assert vote(cast.first, policy).state == "in_review"
    with refused(Conflict, "already_voted"):
        vote(cast.first, policy)
    assert vote(cast.second, policy).state == "approved"
    published = policy_publish(actor=cast.owner.actor, now=NOW, key=policy.key)
    assert (published.state, published.published, published.reviewed_at) == ("published", 1, NOW)
    assert PolicyPublication.objects.get().content_hash == hash_of(TEXT)
    assert {row.event for row in Evidence.objects.all()} == {"policy.published", "policy.reviewed"}
    assert owed(published, "portal.review") == [
        ("open", f"{NOW:%Y}".replace("2026", "2027") + f"-{NOW:%m-%d}")
    ]


def test_an_edit_voids_the_approval_and_the_version_in_force_stays(cast: Cast) -> None:
    policy = in_force(cast)
    edited = policy_edit(actor=cast.owner.actor, now=NOW, key=policy.key, fields={"text": f"{TEXT} Always."})
    assert (edited.state, edited.latest, edited.published, edited.is_in_force) == ("draft", 2, 1, True)
    first = live_request("policy", f"{policy.key}.1")
    assert first is not None
    assert first.state == "approved"
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    with refused(IllegalMove):
        policy_edit(actor=cast.owner.actor, now=NOW, key=policy.key, fields={"text": "Other."})
    vote(cast.first, policy)
    vote(cast.second, policy)
    changed = policy_edit(actor=cast.owner.actor, now=NOW, key=policy.key, fields={"text": "Quite other."})
    assert (changed.state, changed.latest) == ("draft", 3)
    assert live_request("policy", f"{policy.key}.2") is None
    with refused(Stale):
        policy_attest(
            actor=cast.signer.actor, now=NOW, key=policy.key, number=3, content_hash=changed.content_hash
        )


def test_a_rejection_makes_it_a_draft_again_and_a_withdrawal_too(cast: Cast) -> None:
    policy = draft(cast)
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    assert vote(cast.first, policy, "reject").state == "draft"
    assert policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key).state == "in_review"
    assert policy_withdraw(actor=cast.owner.actor, now=NOW, key=policy.key).state == "draft"
    with refused(Conflict, "voting_closed"):
        vote(cast.first, policy)
    assert policy_retire(actor=cast.admin.actor, now=NOW, key=policy.key).state == "retired"


def test_the_standard_may_say_who_approves(cast: Cast) -> None:
    stage = '{ stage = { id = "sec", title = "Security", order = 1, role = "security", quorum = "any" } }'
    activate(rule("policies-by-security", "policy.submit", stage), version="2")
    policy = draft(cast)
    with refused(RuleRefused):
        policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    grant("security", cast.other)
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    with refused(Forbidden):
        vote(cast.first, policy)
    assert vote(cast.other, policy).state == "approved"


def test_each_of_the_audience_owes_a_signature_under_the_exact_version(cast: Cast) -> None:
    policy = in_force(cast)
    assert [one.full_name for one in unsigned(policy, NOW)] == ["Nina", "Sid"]
    assert owed(policy, "portal.policy-attestation") == [("open", f"{NOW + 14 * DAY:%Y-%m-%d}")] * 2
    row = sign(cast.signer, policy)
    assert (row.number, row.content_hash) == (1, hash_of(TEXT))
    with nothing_written():
        assert sign(cast.signer, policy, NOW + DAY).pk == row.pk
    assert sorted(state for state, _ in owed(policy, "portal.policy-attestation")) == ["met", "open"]
    with refused(Stale):
        policy_attest(actor=cast.other.actor, now=NOW, key=policy.key, number=1, content_hash="0" * 64)
    with refused(Forbidden):
        policy_attest(
            actor=Actor.service_account("ci"),
            now=NOW,
            key=policy.key,
            number=1,
            content_hash=row.content_hash,
        )


def test_a_new_version_needs_new_signatures_and_the_old_ones_stay(cast: Cast) -> None:
    policy = in_force(cast)
    sign(cast.signer, policy)
    policy_edit(actor=cast.owner.actor, now=NOW, key=policy.key, fields={"text": "Lock your door."})
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    vote(cast.first, policy)
    vote(cast.second, policy)
    newer = policy_publish(actor=cast.owner.actor, now=NOW + DAY, key=policy.key)
    assert [one.full_name for one in unsigned(newer, NOW)] == ["Nina", "Sid"]
    assert Attestation.objects.get().number == 1
    states = sorted(state for state, _ in owed(newer, "portal.policy-attestation"))
    assert states == ["met", "open", "open", "void"]


@pytest.mark.parametrize("audience", ["everybody", "team:payments", "role:risk-board"])
def test_the_signature_of_an_auditor_who_could_not_give_it_is_not_waited_for(
    cast: Cast, audience: str
) -> None:
    auditor = make_user(name="Ines")
    join(cast.team, auditor)
    grant("risk-board", auditor)
    policy = in_force(cast, audience=audience)
    assert auditor in unsigned(policy, NOW)
    user_update(actor=ROOT, now=NOW, user_id=auditor.pk, is_auditor=True)
    assert auditor not in unsigned(policy, NOW)
    signatures_follow(now=NOW)
    assert Obligation.objects.get(owner_key=str(auditor.pk)).state == "void"


def test_who_joins_is_asked_and_who_leaves_is_not(cast: Cast) -> None:
    policy = in_force(cast)
    late = make_user(name="Lea")
    join(cast.team, late)
    assert signatures_follow(now=NOW) == 1
    with nothing_written():
        assert signatures_follow(now=NOW) == 0
    policy_edit(actor=cast.owner.actor, now=NOW, key=policy.key, fields={"audience": "role:risk-board"})
    assert signatures_follow(now=NOW) == 3
    states = sorted(state for state, _ in owed(policy, "portal.policy-attestation"))
    assert states == ["open", "open", "open", "void", "void", "void"]


def test_a_policy_that_cannot_be_asked_about_holds_up_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = in_force(cast), in_force(cast)
    join(cast.team, make_user(name="Lea"))
    ask = signatures.signatures_ask

    def broken_for_the_first(policy: Policy, **kwargs: Any) -> int:
        if policy.pk == broken.pk:
            raise RuntimeError("broken")
        return ask(policy, **kwargs)

    before = len(owed(sound, "portal.policy-attestation"))
    monkeypatch.setattr(signatures, "signatures_ask", broken_for_the_first)
    with pytest.raises(DueError, match="1 of the policies"):
        signatures_follow(now=NOW)
    assert len(owed(sound, "portal.policy-attestation")) == before + 1


def test_a_review_moves_the_next_one_and_a_retired_policy_owes_nothing(cast: Cast) -> None:
    policy = in_force(cast, review_every="quarter")
    later = NOW + 60 * DAY
    with refused(Forbidden):
        policy_review(actor=cast.signer.actor, now=later, key=policy.key)
    reviewed = policy_review(actor=cast.owner.actor, now=later, key=policy.key, note="Still fits.")
    assert reviewed.reviewed_at == later
    assert [state for state, _ in owed(policy, "portal.review")] == ["met", "open"]
    policy_retire(actor=cast.admin.actor, now=later, key=policy.key)
    assert [state for state, _ in owed(policy, "portal.review")] == ["met", "void"]
    assert {state for state, _ in owed(policy, "portal.policy-attestation")} == {"void"}
    again = policy_reinstate(actor=cast.admin.actor, now=later, key=policy.key)
    assert (again.state, again.is_in_force) == ("draft", False)


def test_where_the_standard_has_a_cadence_the_portal_adds_none(cast: Cast) -> None:
    demand = '{ recur = { what = "Review", owner = "owner", every = "quarter" } }'
    activate(rule("policies-reviewed", "policy.reviewed", demand, kind="obligation"), version="2")
    policy = in_force(cast)
    assert owed(policy, "portal.review") == []
    assert [state for state, _ in owed(policy, "policies-reviewed")] == ["open"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "party"}, "/kind"),
        ({"text": " "}, "/text"),
        ({"audience": "team:none"}, "/audience"),
        ({"audience": "somebody"}, "/audience"),
        ({"audience": "team"}, "/audience"),
        ({"attest_within_days": 0}, "/attest_within_days"),
        ({"review_every": "century"}, "/review_every"),
        ({"owner": "x"}, "/owner"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_policy_names_only_what_there_is(cast: Cast, fields: dict[str, Any], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        draft(cast, **fields)
    assert [error.pointer for error in caught.value.errors] == [pointer]


# Documents


def register(cast: Cast, **fields: Any) -> Document:
    given = {"title": "How it is built", "kind": "architecture", "url": "https://docs.example/a", **fields}
    return document_register(actor=cast.signer.actor, now=NOW, fields=given)


def test_a_document_is_registered_reviewed_and_retired(cast: Cast) -> None:
    document = register(cast, service="payments-api", team="payments", review_every="quarter")
    assert (document.owner, document.state) == (cast.signer, "registered")
    assert Evidence.objects.get(event="document.registered").facts["document.tier"] == "critical"
    reviewed = document_review(actor=cast.other.actor, now=NOW + DAY, key=document.key)
    assert reviewed.reviewed_at == NOW + DAY
    states = Obligation.objects.filter(subject_key=document.key).order_by("id")
    assert list(states.values_list("state", flat=True)) == ["met", "open"]
    with refused(Forbidden):
        document_retire(actor=cast.first.actor, now=NOW, key=document.key)
    document_retire(actor=cast.signer.actor, now=NOW, key=document.key)
    assert not DocumentLink.objects.exists()
    with refused(IllegalMove):
        document_edit(actor=cast.signer.actor, now=NOW, key=document.key, fields={"title": "x"})
    assert document_reinstate(actor=cast.signer.actor, now=NOW, key=document.key).state == "registered"


def test_documents_of_a_service_are_registered_by_who_answers_for_it(cast: Cast) -> None:
    stranger = make_user()
    fields = {"title": "How it is built", "kind": "architecture", "url": "https://docs.example/a"}
    ours = {**fields, "service": "payments-api"}
    with refused(Forbidden):
        document_register(actor=stranger.actor, now=NOW, fields=ours)
    given = {**fields, "owner": stranger.actor.id}
    own = document_register(actor=cast.admin.actor, now=NOW, fields=given)
    for change in ({"service": "payments-api"}, {"kind": "api"}):
        with refused(Forbidden):
            document_edit(actor=stranger.actor, now=NOW, key=own.key, fields=change)
    for person in (cast.signer, cast.first, cast.admin):
        assert document_register(actor=person.actor, now=NOW, fields=ours).service is not None


def test_what_speaks_for_all_services_is_registered_by_boards_and_administrators_alone(cast: Cast) -> None:
    with refused(Forbidden) as caught:
        register(cast)
    assert "members of a board, administrators" in caught.value.detail
    own = register(cast, service="payments-api")
    with refused(Forbidden):
        document_edit(actor=cast.signer.actor, now=NOW, key=own.key, fields={"service": ""})
    fields = {"title": "How we build", "kind": "architecture", "url": "https://docs.example/all"}
    for person in (cast.first, cast.admin):
        assert document_register(actor=person.actor, now=NOW, fields=fields).service is None


def test_to_register_a_document_is_not_to_review_it(cast: Cast) -> None:
    rules = [keep("document:architecture", "service")]

    def judged() -> tuple[str, str]:
        one = keep_evaluate(rules, active_standard(), NOW)[rules[0].id][0]
        return one.status, one.because

    document = register(cast, service="payments-api")
    assert document.reviewed_at is None
    assert Obligation.objects.get(subject_key=document.key).due_at.date() == (NOW + 7 * DAY).date()
    assert judged() == ("breached", "How it is built: nobody has reviewed it yet.")
    before = {"service": "payments-api", "reviewed_at": NOW - 10 * DAY}
    with refused(InvalidInput, "in_the_future"):
        register(cast, **{**before, "reviewed_at": NOW + DAY})
    with refused(Forbidden):
        register(cast, **before, owner=cast.first.actor.id)
    said = register(cast, **before, review_every="quarter")
    assert (said.reviewed_at, said.review_due_at) == (
        NOW - 10 * DAY,
        end_of_review(NOW - 10 * DAY, "quarter"),
    )
    assert judged()[0] == "met"


def test_a_document_lies_somewhere(cast: Cast) -> None:
    with refused(InvalidInput, "required"):
        register(cast, service="payments-api", url="")
    with refused(InvalidInput, "not_an_address"):
        register(cast, service="payments-api", url="file:///etc/passwd")
    fields = {"title": "Plan", "kind": "diagram"}
    upload = Upload("plan.md", [b"# Plan\n"])
    stored = document_register(actor=cast.admin.actor, now=NOW, fields=fields, upload=upload)
    assert stored.attachment is not None
    assert not DocumentLink.objects.exists()


def test_links_are_looked_at_and_another_address_is_looked_at_anew(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def looking(answers: dict[str, Seen]) -> Callable[[str], Seen]:
        def look(address: str) -> Seen:
            seen.append(address)
            return answers[address]

        return look

    answers = {
        "https://docs.example/a": Seen("broken", "HTTP 404"),
        "https://docs.example/b": Seen("fine", ""),
    }
    monkeypatch.setattr(link_check, "look_at", looking(answers))
    document = register(cast, service="payments-api")
    assert document_links_check(clock=lambda: NOW) == 1
    assert document_links_check(clock=lambda: NOW) == 0
    assert DocumentLink.objects.get().state == "broken"
    document_edit(
        actor=cast.signer.actor, now=NOW, key=document.key, fields={"url": "https://docs.example/b"}
    )
    assert DocumentLink.objects.get().state == "unknown"
    assert document_links_check(clock=lambda: NOW) == 1
    assert (DocumentLink.objects.get().state, seen[-1]) == ("fine", "https://docs.example/b")


def keep(artefact: str, per: str = "organisation", review: str | None = "quarter") -> Rule:
    demand = Keep(artefact, per, review)  # type: ignore[arg-type]
    source = Source("d", "1", 1, "q")
    return Rule(f"keep-{artefact}-{per}", "duty", "Kept", ("artefacts.keep",), None, demand, source, (), "p")


def test_what_a_rule_wants_to_be_kept_is_judged(cast: Cast) -> None:
    make_service("ledger", team=cast.team)
    rules = [
        keep("policy:security"),
        keep("document:architecture", "service"),
        keep("document:api"),
    ]

    def found(now: datetime = NOW) -> dict[str, list[tuple[str, str]]]:
        judged = keep_evaluate(rules, active_standard(), now)
        return {key: [(one.subject[1], one.status) for one in rows] for key, rows in judged.items()}

    policy = draft(cast)
    document = register(cast, service="payments-api")
    assert found()["keep-document:architecture-service"][1] == ("payments-api", "breached")
    document_review(actor=cast.signer.actor, now=NOW, key=document.key)
    assert found() == {
        "keep-policy:security-organisation": [("", "breached")],
        "keep-document:architecture-service": [("ledger", "no_data"), ("payments-api", "met")],
        "keep-document:api-organisation": [("", "no_data")],
    }
    policy_submit(actor=cast.owner.actor, now=NOW, key=policy.key)
    vote(cast.first, policy)
    vote(cast.second, policy)
    policy_publish(actor=cast.owner.actor, now=NOW, key=policy.key)
    DocumentLink.objects.update(state="broken")
    assert found()["keep-policy:security-organisation"] == [("", "met")]
    assert found()["keep-document:architecture-service"][1] == ("payments-api", "breached")
    assert found(NOW + 100 * DAY)["keep-policy:security-organisation"] == [("", "breached")]
