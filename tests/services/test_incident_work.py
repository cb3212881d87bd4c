"""Working on an incident: updates, assessment, notes, roles, tasks, links, merging, who may see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.models import IncidentEntry, IncidentService
from incidents.selectors.response import people_who_see, timeline_of, visible
from incidents.services.response.editing import (
    incident_edit,
    incident_link,
    incident_open_up,
    incident_restrict,
    incident_unlink,
)
from incidents.services.response.merging import incident_merge
from incidents.services.response.moving import incident_resolve
from incidents.services.response.people import (
    incident_role_end,
    incident_role_fill,
    incident_watch,
)
from incidents.services.response.tasks import incident_task_add, incident_task_change
from incidents.services.response.working import (
    incident_assess,
    incident_assign,
    incident_entry_edit,
    incident_escalate,
    incident_note,
    incident_report,
    incident_update,
)
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.obligations.models import Obligation
from tests.makers import NOW, ROOT
from tests.response import (
    MINUTE,
    acknowledged,
    audited,
    declared,
    incident_fresh,
    lines_of,
    make_crew,
    owing,
    resolved,
    restricted,
)
from tests.untouched import refused

pytestmark = pytest.mark.django_db


def test_each_update_meets_what_is_owed_and_opens_the_next() -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    for minutes in (10, 20):
        incident_update(
            actor=crew.responder.actor, now=NOW + minutes * MINUTE, pk=incident.pk, text="Still at it."
        )
    assert owing(incident)["internal"] == ["met", "met", "open"]
    due = Obligation.objects.filter(subject_key=incident.key, rule_id="internal").order_by("-id")[0].due_at
    assert due == NOW + 35 * MINUTE
    incident_update(actor=crew.responder.actor, now=NOW, pk=incident.pk, text="Told.", kind="stakeholders")
    assert owing(incident)["internal"] == ["met", "met", "open"]
    assert lines_of(incident)[-2:] == ["updated_internally", "stakeholders_told"]
    with refused(InvalidInput, "unknown"):
        incident_update(actor=crew.responder.actor, now=NOW, pk=incident.pk, text="x", kind="everybody")


def test_an_update_after_the_end_opens_no_clock() -> None:
    crew = make_crew()
    incident = resolved(crew)
    incident_update(actor=crew.responder.actor, now=NOW, pk=incident.pk, text="All is well.")
    assert owing(incident)["internal"] == ["void"]


def test_it_is_assessed_with_a_severity_and_whom_it_touches() -> None:
    crew = make_crew()
    incident = declared(crew, severity="sev3")
    incident_assess(
        actor=crew.responder.actor,
        now=NOW + MINUTE,
        pk=incident.pk,
        text="No payment goes through.",
        severity="sev1",
        customer_facing=True,
    )
    now = incident_fresh(incident)
    assert (now.severity, now.customer_facing, now.assessed_at) == ("sev1", True, NOW + MINUTE)
    assert lines_of(now) == ["declared", "severity_changed", "assessed"]
    assert owing(now)["assess"] == ["met"]


def test_what_is_owed_goes_to_whoever_has_it_now() -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    owners = _owners(incident)
    assert set(owners.values()) == {str(crew.responder.pk)}
    incident_assign(actor=crew.responder.actor, now=NOW, pk=incident.pk, person=crew.second.email)
    assert _owners(incident)["assess"] == str(crew.second.pk)
    incident_role_fill(
        actor=crew.responder.actor, now=NOW, pk=incident.pk, role="commander", person=str(crew.manager.pk)
    )
    assert _owners(incident) == {
        "assess": str(crew.second.pk),
        "internal": str(crew.manager.pk),
        "resolve": str(crew.manager.pk),
    }
    with refused(Conflict, "unchanged"):
        incident_assign(actor=crew.responder.actor, now=NOW, pk=incident.pk, person=crew.second.email)


def _owners(incident: Any) -> dict[str, str]:
    rows = Obligation.objects.filter(subject_key=incident.key, ended_at__isnull=True)
    return dict(rows.values_list("rule_id", "owner_key"))


def test_there_is_one_commander_at_a_time_and_many_experts() -> None:
    crew = make_crew()
    incident = declared(crew)
    for role, person in (
        ("commander", crew.responder),
        ("commander", crew.second),
        ("expert", crew.responder),
        ("expert", crew.manager),
    ):
        incident_role_fill(
            actor=crew.responder.actor, now=NOW, pk=incident.pk, role=role, person=str(person.pk)
        )
    held = incident.roles.filter(until__isnull=True)
    assert sorted(held.values_list("role", "person__full_name")) == [
        ("commander", "Sol"),
        ("expert", "Mia"),
        ("expert", "Ria"),
    ]
    incident_role_end(actor=crew.responder.actor, now=NOW, pk=incident.pk, role=held.get(role="commander").pk)
    assert not held.filter(role="commander").exists()
    with refused(InvalidInput, "unknown"):
        incident_role_fill(actor=crew.responder.actor, now=NOW, pk=incident.pk, role="king", person="x")


def test_an_edit_is_seen_as_one_and_only_some_may() -> None:
    crew = make_crew()
    incident = declared(crew)
    line = incident_note(actor=crew.second.actor, now=NOW, pk=incident.pk, text="At ten.", at=NOW - MINUTE)
    with refused(Forbidden):
        incident_entry_edit(
            actor=crew.outsider.actor, now=NOW, pk=incident.pk, entry=line.pk, text="At eleven."
        )
    new = incident_entry_edit(
        actor=crew.second.actor, now=NOW + MINUTE, pk=incident.pk, entry=line.pk, text="At eleven."
    )
    first, second = timeline_of(incident)
    assert (first.entry, first.before, first.is_edited) == (new, (line,), True)
    assert (new.at, new.recorded_at, new.text) == (NOW - MINUTE, NOW + MINUTE, "At eleven.")
    assert second.entry.kind == "declared"
    with refused(Stale):
        incident_entry_edit(
            actor=crew.responder.actor, now=NOW, pk=incident.pk, entry=line.pk, text="At noon."
        )
    with refused(IllegalMove):
        incident_entry_edit(
            actor=crew.responder.actor, now=NOW, pk=incident.pk, entry=second.entry.pk, text="Never."
        )
    with refused(NotFound):
        incident_entry_edit(actor=crew.responder.actor, now=NOW, pk=incident.pk, entry=10_000, text="Never.")


def test_a_task_has_an_owner_a_time_and_an_end() -> None:
    crew = make_crew()
    incident = declared(crew)
    actor = crew.responder.actor
    task = incident_task_add(
        actor=actor, now=NOW, pk=incident.pk, title="Call them", owner=crew.second.email, due_at=NOW + MINUTE
    )
    done = incident_task_change(actor=actor, now=NOW, pk=incident.pk, task=task.pk, verb="finish", version=1)
    assert (done.state, done.ended_at, done.owner) == ("done", NOW, crew.second)
    with refused(IllegalMove):
        incident_task_change(actor=actor, now=NOW, pk=incident.pk, task=task.pk, verb="drop")
    with refused(Stale):
        incident_task_change(actor=actor, now=NOW, pk=incident.pk, task=task.pk, title="x", version=1)
    other = declared(crew)
    with refused(NotFound):
        incident_task_change(actor=actor, now=NOW, pk=other.pk, task=task.pk, verb="reopen")
    again = incident_task_change(
        actor=actor, now=NOW, pk=incident.pk, task=task.pk, verb="reopen", owner=None
    )
    assert (again.state, again.ended_at, again.owner) == ("open", None, None)


@pytest.mark.parametrize(
    ("target", "kind", "kept"),
    [
        ("chg-7", "change", "CHG-7"),
        ("DEP-2", "deployment", "DEP-2"),
        ("https://chat.example/room", "url", "https://chat.example/room"),
    ],
)
def test_what_has_to_do_with_it_is_linked_once(target: str, kind: str, kept: str) -> None:
    crew = make_crew()
    incident = declared(crew)
    actor = crew.responder.actor
    link = incident_link(actor=actor, now=NOW, pk=incident.pk, target=target)
    assert (link.kind, link.target) == (kind, kept)
    incident_link(actor=actor, now=NOW, pk=incident.pk, target=target, is_cause=True)
    assert incident.links.get().is_cause
    incident_unlink(actor=actor, now=NOW, pk=incident.pk, link=link.pk)
    assert lines_of(incident) == ["declared", "linked", "linked", "unlinked"]


@pytest.mark.parametrize("target", ["javascript:alert(1)", "CHG", "USR-1", "https://", "ftp://x.example/"])
def test_what_is_neither_key_nor_address_is_no_link(target: str) -> None:
    crew = make_crew()
    incident = declared(crew)
    with refused(InvalidInput, "unknown"):
        incident_link(actor=crew.responder.actor, now=NOW, pk=incident.pk, target=target)


def test_it_says_other_things_of_itself() -> None:
    crew = make_crew()
    incident = declared(crew)
    actor = crew.responder.actor
    fields: dict[str, Any] = {
        "title": "Another title",
        "customer_facing": False,
        "detected_at": NOW - timedelta(minutes=9),
        "services": ["payments-api"],
    }
    incident_edit(actor=actor, now=NOW, pk=incident.pk, fields=fields, version=1)
    now = incident_fresh(incident)
    assert (now.title, now.customer_facing, now.version) == ("Another title", False, 2)
    assert {(one.service.slug, one.effect) for one in IncidentService.objects.filter(incident=now)} == {
        ("payments-api", "direct"),
        ("shop", "dependant"),
    }
    incident_edit(actor=actor, now=NOW, pk=incident.pk, fields=fields, version=2)
    assert incident_fresh(incident).version == 2
    for bad in ({"state": "resolved"}, {"channel_url": "javascript:x"}, {"security": "yes"}):
        with refused(InvalidInput):
            incident_edit(actor=actor, now=NOW, pk=incident.pk, fields=bad)


def test_two_that_are_one_are_merged_and_both_timelines_stay() -> None:
    crew = make_crew()
    one, other = declared(crew, severity="sev2"), declared(crew, severity="sev3", services=["shop"])
    actor = crew.responder.actor
    task = incident_task_add(actor=actor, now=NOW, pk=one.pk, title="Call them")
    incident_merge(actor=actor, now=NOW, pk=one.pk, into=other.pk, reason="The same disk.")
    merged, target = incident_fresh(one), incident_fresh(other)
    assert (merged.state, merged.merged_into) == ("merged", target)
    assert target.severity == "sev2"
    task.refresh_from_db()
    assert task.incident == target
    assert {row.service.slug for row in target.affected.filter(effect="direct")} == {"shop", "ledger"}
    assert lines_of(merged) == ["declared", "task_added", "merged"]
    assert lines_of(target) == ["declared", "took_in", "severity_changed"]
    assert {state for states in owing(merged).values() for state in states} == {"void"}
    for bad, into in ((one.pk, other.pk), (other.pk, one.pk)):
        with refused(IllegalMove):
            incident_merge(actor=actor, now=NOW, pk=bad, into=into)
    with refused(InvalidInput, "itself"):
        incident_merge(actor=actor, now=NOW, pk=other.pk, into=other.pk)


def test_what_belongs_to_a_merged_one_goes_on_where_that_one_goes_on() -> None:
    crew = make_crew()
    one, other = declared(crew, group_key="disk"), declared(crew)
    incident_merge(actor=crew.responder.actor, now=NOW, pk=one.pk, into=other.pk)
    assert declared(crew, group_key="disk").pk == other.pk
    incident_resolve(actor=crew.responder.actor, now=NOW, pk=other.pk)
    assert declared(crew, group_key="disk").pk not in {one.pk, other.pk}


def test_a_restricted_one_is_not_merged_into_one_that_more_people_see() -> None:
    crew = make_crew()
    secret, known = restricted(crew), declared(crew)
    with refused(Conflict, "restricted"):
        incident_merge(actor=crew.security.actor, now=NOW, pk=secret.pk, into=known.pk)


def test_escalating_and_reporting_are_steps_of_their_time() -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    actor = crew.responder.actor
    incident_escalate(actor=actor, now=NOW, pk=incident.pk, reason="I need help.")
    assert lines_of(incident)[-2:] == ["escalated", "escalation_told"]
    with refused(IllegalMove):
        incident_report(actor=actor, now=NOW, pk=incident.pk, text="Too early.")
    incident_resolve(actor=actor, now=NOW, pk=incident.pk)
    with refused(IllegalMove):
        incident_escalate(actor=actor, now=NOW, pk=incident.pk)
    incident_report(actor=actor, now=NOW + MINUTE, pk=incident.pk, text="The disk was full.")
    assert owing(incident)["report"] == ["met"]
    assert incident_fresh(incident).reported_at == NOW + MINUTE


def test_who_sees_a_restricted_one() -> None:
    crew = make_crew()
    incident = restricted(crew, by=crew.second)
    machine = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"incidents:write"}))
    people = {
        "declared it": crew.second.actor,
        "security": crew.security.actor,
        "administrator": crew.admin.actor,
        "the portal": ROOT,
        "responder": crew.responder.actor,
        "outsider": crew.outsider.actor,
        "manager": crew.manager.actor,
        "machine": machine,
        "nobody": Actor.anonymous(),
    }

    def seers() -> set[str]:
        return {name for name, actor in people.items() if visible(actor, NOW).exists()}

    assert seers() == {"declared it", "security", "administrator", "the portal"}
    incident_role_fill(
        actor=crew.second.actor, now=NOW, pk=incident.pk, role="expert", person=str(crew.responder.pk)
    )
    incident_task_add(
        actor=crew.second.actor, now=NOW, pk=incident.pk, title="Look", owner=str(crew.manager.pk)
    )
    assert seers() == {"declared it", "security", "administrator", "the portal", "responder", "manager"}
    everybody = [crew.outsider.pk, crew.responder.pk, crew.security.pk]
    assert people_who_see(incident, everybody, NOW) == [str(crew.responder.pk), str(crew.security.pk)]


def test_restricting_hides_its_title_from_what_is_owed_and_opening_shows_it() -> None:
    crew = make_crew()
    incident = declared(crew)
    with refused(Forbidden):
        incident_restrict(actor=crew.outsider.actor, now=NOW, pk=incident.pk, reason="It is secret.")
    incident_restrict(actor=crew.responder.actor, now=NOW, pk=incident.pk, reason="It is secret.")
    titles = Obligation.objects.filter(subject_key=incident.key).values_list("subject_title", flat=True)
    assert set(titles) == {"Restricted incident"}
    with refused(NotFound):
        incident_note(actor=crew.outsider.actor, now=NOW, pk=incident.pk, text="Hello.")
    with refused(Forbidden):
        incident_open_up(actor=crew.responder.actor, now=NOW, pk=incident.pk, reason="It is over.")
    incident_open_up(actor=crew.security.actor, now=NOW, pk=incident.pk, reason="It is over.")
    assert set(titles.all()) == {incident.title}
    with refused(Conflict, "unchanged"):
        incident_open_up(actor=crew.security.actor, now=NOW, pk=incident.pk, reason="Again.")


def test_watching_is_a_choice_and_choosing_twice_changes_nothing() -> None:
    crew = make_crew()
    incident = declared(crew)
    for watching in (True, True, False):
        incident_watch(actor=crew.outsider.actor, now=NOW, pk=incident.pk, watching=watching)
    assert audited(incident)[-2:] == ["incident.watched", "incident.unwatched"]
    assert IncidentEntry.objects.filter(incident=incident).count() == 1
