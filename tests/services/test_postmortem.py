"""Postmortems and their action items."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.models import ActionItem, Incident, Postmortem, PostmortemSnapshot
from incidents.services.learning.actions import action_edit, action_move, action_open
from incidents.services.learning.contents import hash_of
from incidents.services.learning.postmortems import (
    postmortem_correct,
    postmortem_edit,
    postmortem_publish,
    postmortem_return,
    postmortem_start,
    postmortem_submit,
    postmortem_waive,
)
from incidents.services.response.working import incident_note
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, RuleRefused, Stale
from opsportal.obligations.models import Obligation
from tests.changing import rule
from tests.makers import NOW
from tests.response import Crew, clock, make_crew, resolved, respond_under
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
RULES = (
    clock(
        "postmortem",
        '"incident.resolved"',
        "48h",
        '"postmortem.published", "postmortem.waived"',
        void_by='"incident.reopened"',
        when='incident.severity == "sev1"',
        climb="1h",
    ),
    clock("report", '"incident.resolved"', "24h", '"incident.reported"', void_by='"incident.reopened"'),
    clock(
        "actions",
        '"action_item.opened"',
        "14d",
        '"action_item.done"',
        owner="action_owner",
        void_by='"action_item.dropped"',
    ),
    rule("root-cause", "postmortem.publish", '{ field = "root_cause" }'),
)


@pytest.fixture
def cast() -> Crew:
    cast = make_crew()
    respond_under(*RULES, version="2")
    return cast


def owed(key: str) -> list[tuple[str, str]]:
    rows = Obligation.objects.filter(subject_key=key).order_by("id")
    return [(row.rule_id, row.state) for row in rows]


def begun(cast: Crew, **more: Any) -> tuple[Incident, Postmortem]:
    incident = resolved(cast, severity="sev1", **more)
    return incident, postmortem_start(actor=cast.responder.actor, now=NOW, incident=incident.key)


def written(cast: Crew) -> Postmortem:
    _, postmortem = begun(cast)
    fields = {"summary": "It fell over.", "root_cause": "No limit on the queue.", "cause": "capacity"}
    return postmortem_edit(actor=cast.responder.actor, now=NOW, pk=postmortem.pk, fields=fields)


def handed_in(cast: Crew) -> Postmortem:
    return postmortem_submit(actor=cast.responder.actor, now=NOW, pk=written(cast).pk)


def act(cast: Crew, postmortem: Postmortem, **more: Any) -> ActionItem:
    fields = {"title": "Limit the queue", "owner": str(cast.responder.pk), **more}
    return action_open(actor=cast.outsider.actor, now=NOW, postmortem=postmortem.key, fields=fields)


def test_it_begins_with_what_the_incident_knows(cast: Crew) -> None:
    incident, postmortem = begun(cast)
    assert postmortem.author == cast.responder
    assert "Severity: SEV1" in postmortem.sections["impact"]
    assert incident.entries.filter(kind="postmortem_started").exists()
    with refused(Conflict, "exists"):
        postmortem_start(actor=cast.outsider.actor, now=NOW, incident=incident.key)
    with refused(InvalidInput, "unknown"):
        postmortem_start(actor=cast.outsider.actor, now=NOW, incident="INC-999")


def test_somebody_else_publishes_it_and_then_it_is_frozen(cast: Crew) -> None:
    postmortem = handed_in(cast)
    key = postmortem.incident.key
    assert ("report", "met") in owed(key)
    assert ("postmortem", "open") in owed(key)
    with refused(Forbidden):
        postmortem_publish(actor=cast.responder.actor, now=NOW, pk=postmortem.pk)
    act(cast, postmortem)
    postmortem_publish(actor=cast.outsider.actor, now=NOW, pk=postmortem.pk, version=postmortem.version)
    assert ("postmortem", "met") in owed(key)
    snapshot = PostmortemSnapshot.objects.get()
    assert snapshot.content_hash == hash_of(snapshot.content)
    lines = len(snapshot.content["timeline"])
    incident_note(actor=cast.responder.actor, now=NOW, pk=postmortem.incident_id, text="Too late.")
    assert len(PostmortemSnapshot.objects.get().content["timeline"]) == lines
    assert snapshot.content["action_items"][0]["title"] == "Limit the queue"
    with refused(IllegalMove):
        postmortem_edit(actor=cast.responder.actor, now=NOW, pk=postmortem.pk, fields={"summary": "x"})
    again = postmortem_correct(actor=cast.responder.actor, now=NOW, pk=postmortem.pk)
    assert (again.state, PostmortemSnapshot.objects.count()) == ("draft", 1)


def test_the_standard_says_what_a_published_one_has(cast: Crew) -> None:
    postmortem = handed_in(cast)
    postmortem_return(actor=cast.outsider.actor, now=NOW, pk=postmortem.pk, reason="Why, not who.")
    postmortem_edit(actor=cast.responder.actor, now=NOW, pk=postmortem.pk, fields={"root_cause": " "})
    postmortem_submit(actor=cast.responder.actor, now=NOW, pk=postmortem.pk)
    with refused(RuleRefused) as caught:
        postmortem_publish(actor=cast.outsider.actor, now=NOW, pk=postmortem.pk)
    assert [reason.rule for reason in caught.value.reasons] == ["root-cause"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"blame": "Bob"}, "unknown"), ({"cause": "gremlins"}, "unknown"), ({"summary": 1}, "not_text")],
)
def test_bad_parts_are_refused(cast: Crew, fields: dict[str, Any], code: str) -> None:
    _, postmortem = begun(cast)
    with refused(InvalidInput, code):
        postmortem_edit(actor=cast.responder.actor, now=NOW, pk=postmortem.pk, fields=fields)
    with refused(Stale):
        postmortem_edit(actor=cast.responder.actor, now=NOW, pk=postmortem.pk, fields={}, version=9)


def test_only_who_answers_for_lateness_waives_it_and_says_why(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    for person, kind in ((cast.outsider, Forbidden), (cast.responder, Forbidden)):
        with refused(kind):
            postmortem_waive(actor=person.actor, now=NOW, incident=incident.key, reason="A test.")
    with refused(InvalidInput, "required"):
        postmortem_waive(actor=cast.manager.actor, now=NOW, incident=incident.key, reason=" ")
    waived = postmortem_waive(actor=cast.manager.actor, now=NOW, incident=incident.key, reason="A test.")
    assert (waived.state, waived.waiver) == ("waived", "A test.")
    assert ("postmortem", "met") in owed(incident.key)
    with refused(Conflict, "waived"):
        act(cast, waived)


def test_the_owner_of_an_action_item_is_named_by_id_or_address(cast: Crew) -> None:
    assert act(cast, written(cast), owner=cast.second.email.upper()).owner == cast.second


def test_an_action_item_is_owed_by_its_owner_by_its_time(cast: Crew) -> None:
    item = act(cast, written(cast))
    assert item.due_at == NOW + 14 * DAY
    assert owed(item.key) == [("actions", "open")]
    obligation = Obligation.objects.get(subject_key=item.key)
    assert (obligation.owner_key, obligation.due_at) == (str(cast.responder.pk), item.due_at)
    edited = action_edit(
        actor=cast.outsider.actor, now=NOW, pk=item.pk, fields={"due_at": NOW + DAY, "change": "chg-7"}
    )
    assert (edited.change_key, [state for _, state in owed(item.key)]) == ("CHG-7", ["void", "open"])
    done = action_move(actor=cast.responder.actor, now=NOW, pk=item.pk, verb="finish", text="Deployed.")
    assert (done.state, done.done_at, owed(item.key)[-1][1]) == ("done", NOW, "met")


def test_somebody_else_verifies_it_or_opens_it_again(cast: Crew) -> None:
    item = act(cast, written(cast))
    action_move(actor=cast.responder.actor, now=NOW, pk=item.pk, verb="finish")
    with refused(Forbidden):
        action_move(actor=cast.responder.actor, now=NOW, pk=item.pk, verb="verify")
    with refused(InvalidInput, "required"):
        action_move(actor=cast.outsider.actor, now=NOW, pk=item.pk, verb="reopen")
    again = action_move(actor=cast.outsider.actor, now=NOW, pk=item.pk, verb="reopen", text="Not there.")
    assert (again.state, again.done_at, owed(item.key)[-1][1]) == ("in_progress", None, "open")
    action_move(actor=cast.responder.actor, now=NOW, pk=item.pk, verb="finish")
    verified = action_move(actor=cast.outsider.actor, now=NOW, pk=item.pk, verb="verify")
    assert (verified.state, verified.verified_by) == ("verified", cast.outsider)
    with refused(IllegalMove):
        action_move(actor=cast.responder.actor, now=NOW, pk=item.pk, verb="drop", text="x")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"owner": "nobody"}, "/owner"),
        ({"due_at": NOW}, "/due_at"),
        ({"due_at": "soon"}, "/due_at"),
        ({"priority": "urgent"}, "/priority"),
        ({"change": "INC-1"}, "/change"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_bad_action_items_are_refused(cast: Crew, fields: dict[str, Any], pointer: str) -> None:
    postmortem = written(cast)
    with refused(InvalidInput) as caught:
        act(cast, postmortem, **fields)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_who_may_not_see_the_incident_sees_neither(cast: Crew) -> None:
    incident, postmortem = begun(cast)
    Incident.objects.filter(pk=incident.pk).update(visibility="restricted")
    with refused(NotFound):
        postmortem_submit(actor=cast.outsider.actor, now=NOW, pk=postmortem.pk)
    with refused(InvalidInput, "unknown"):
        act(cast, postmortem)
