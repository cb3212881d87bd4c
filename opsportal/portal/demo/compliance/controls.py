"""Frameworks and controls of the demo organisation, what speaks for them, and one accepted exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from compliance.models import Control
from compliance.services.controls.controls import control_create, control_edit
from compliance.services.controls.evidence import evidence_add
from compliance.services.controls.exceptions import exception_approve, exception_request
from compliance.services.controls.frameworks import frameworks_install
from opsportal.portal.demo.stage import Stage

DAY = timedelta(days=1)

# title, owner, team, how often, requirements, rules of the standard, events that the portal sees
CONTROLS: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    (
        "Changes are asked for with a reason, a risk and a plan",
        "ingrid",
        "platform",
        "on_event",
        "soc2:CC8.1 soc2:CC3.4 iso-27001:A.8.32",
        "request-justification request-risk request-plan",
        "",
    ),
    (
        "Changes are tested before they reach production",
        "priya",
        "platform",
        "on_event",
        "soc2:CC8.1 iso-27001:A.8.29",
        "request-test-evidence production-tests",
        "",
    ),
    (
        "Every change has a way back",
        "priya",
        "platform",
        "on_event",
        "soc2:CC8.1",
        "request-rollback-plan",
        "",
    ),
    ("Changes are approved by others", "tomas", "", "on_event", "soc2:CC8.1 soc2:CC5.2", "normal-board", ""),
    ("Approvals come in time", "tomas", "", "on_event", "soc2:CC8.1", "review-in-time board-in-time", ""),
    (
        "Emergency changes are looked at afterwards",
        "ingrid",
        "operations",
        "on_event",
        "soc2:CC8.1 soc2:CC7.5",
        "emergency-retrospective emergency-review-in-time",
        "",
    ),
    (
        "Code is reviewed",
        "priya",
        "",
        "on_event",
        "soc2:CC8.1 iso-27001:A.8.28",
        "production-code-review",
        "",
    ),
    (
        "Nothing is deployed without a change",
        "kwame",
        "",
        "continuous",
        "soc2:CC8.1",
        "production-change",
        "",
    ),
    ("Failing rollouts are taken back", "kwame", "", "continuous", "soc2:CC7.5", "rollout-failed", ""),
    (
        "Changes are closed with what was learned",
        "ingrid",
        "",
        "on_event",
        "soc2:CC4.2",
        "close-review close-lessons-learned",
        "",
    ),
    (
        "Incidents are answered in time",
        "omar",
        "operations",
        "on_event",
        "soc2:CC7.3 soc2:CC7.4 gdpr:Art. 33",
        "incident-acknowledge incident-assess",
        "",
    ),
    (
        "Those inside are told of incidents",
        "omar",
        "",
        "on_event",
        "soc2:CC7.4",
        "incident-internal-update",
        "",
    ),
    (
        "Those concerned are told of incidents",
        "omar",
        "operations",
        "on_event",
        "soc2:CC2.3 gdpr:Art. 34",
        "incident-status-page incident-stakeholders",
        "",
    ),
    (
        "Incidents are learned from",
        "omar",
        "",
        "on_event",
        "soc2:CC7.5 soc2:CC4.2",
        "postmortem postmortem-root-cause",
        "",
    ),
    ("What was learned is done", "omar", "", "monthly", "soc2:CC4.2", "action-items", ""),
    (
        "On-call is handed over with all that is open",
        "omar",
        "operations",
        "weekly",
        "soc2:CC7.2 soc2:CC1.5",
        "handover-incidents handover-notes",
        "",
    ),
    ("Runbooks say what to do", "omar", "", "quarterly", "soc2:CC5.3", "runbook-immediate-actions", ""),
    (
        "Policies are approved, reviewed and in force",
        "grace",
        "",
        "yearly",
        "soc2:CC5.3 soc2:CC1.1 gdpr:Art. 24",
        "",
        "policy.reviewed",
    ),
    (
        "Everybody signs the policies",
        "grace",
        "",
        "yearly",
        "soc2:CC1.1 soc2:CC2.2 gdpr:Art. 32(4)",
        "",
        "policy.attested",
    ),
    ("Architecture is documented", "priya", "", "yearly", "soc2:CC2.1 gdpr:Art. 25", "", "document.reviewed"),
    ("Backups are restored to prove them", "kwame", "", "monthly", "soc2:A1.3 gdpr:Art. 32(1)(c)", "", ""),
    ("Personal data is deleted when its time is over", "grace", "", "quarterly", "gdpr:Art. 5(1)(e)", "", ""),
    ("A register of processing is kept", "grace", "", "yearly", "gdpr:Art. 30", "", ""),
    ("Requests of persons are answered", "grace", "", "on_event", "gdpr:Art. 12 gdpr:Art. 15", "", ""),
    ("Processors are bound by contract", "grace", "", "yearly", "gdpr:Art. 28 soc2:CC9.2", "", ""),
)

# title, how it bears on the other, title of the other
LINKS = (
    ("Everybody signs the policies", "depends_on", "Policies are approved, reviewed and in force"),
    ("Runbooks say what to do", "supports", "Incidents are answered in time"),
)

# title of the control, what it is, days ago that it was observed, what it shows, note
EVIDENCE: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "Backups are restored to prove them",
        "Restore of the ledger into a scratch database",
        12,
        "works",
        "Restored in 41 minutes, balances agree to the cent.",
    ),
    (
        "Personal data is deleted when its time is over",
        "Deletion run of the customer database",
        75,
        "works",
        "4,112 accounts without orders for six years are gone.",
    ),
    (
        "A register of processing is kept",
        "Register of processing, read through",
        30,
        "works",
        "22 activities; two new since last year.",
    ),
    (
        "Requests of persons are answered",
        "Sample of ten requests",
        9,
        "fails",
        "Nine were answered within a month, one after 47 days.",
    ),
)


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield what happens to frameworks, controls, evidence and exceptions."""
    yield now - 86 * DAY, partial(_controls, stage)
    for row in EVIDENCE:
        yield now - row[2] * DAY, partial(_evidence, stage, row)
    yield now - 25 * DAY, partial(_exception, stage, now)
    yield now - 2 * DAY, partial(_asked, stage, now)


def _controls(stage: Stage, at: datetime) -> None:
    admin = stage.person("sam")
    frameworks_install(actor=admin, now=at)
    for title, owner, team, frequency, requirements, rules, events in CONTROLS:
        fields = {
            "title": title,
            "owner": stage.person(owner).id,
            "team": team,
            "frequency": frequency,
            "requirements": _references(requirements),
            "rules": rules.split(),
            "events": events.split(),
        }
        control_create(actor=admin, now=at, fields=fields)
    for title, relation, other in LINKS:
        control, linked = Control.objects.get(title=title), Control.objects.get(title=other)
        links = {"links": [{"relation": relation, "control": linked.key}]}
        control_edit(actor=admin, now=at, key=control.key, fields=links)


def _references(text: str) -> list[str]:
    """Return `soc2:CC8.1 gdpr:Art. 30` as its parts: only a framework's name begins a new one."""
    found: list[str] = []
    for word in text.split():
        if ":" in word:
            found.append(word)
        else:
            found[-1] += f" {word}"
    return found


def _evidence(stage: Stage, row: tuple[str, str, int, str, str], at: datetime) -> None:
    title, what, _, shows, note = row
    control = Control.objects.select_related("owner").get(title=title)
    fields = {
        "title": what,
        "controls": [control.key],
        "observed_at": at - timedelta(hours=5),
        "shows": shows,
        "note": note,
    }
    evidence_add(actor=control.owner.actor, now=at, fields=fields)


def _asked(stage: Stage, now: datetime, at: datetime) -> None:
    """Ask for a second exception, which waits for the board."""
    control = Control.objects.get(title="Processors are bound by contract")
    fields = {
        "kind": "exception",
        "title": "The contract with the courier is still in its old form",
        "reason": "The courier signs the new form when the yearly contract is renewed.",
        "risk": "low",
        "compensating": "Only name and street go to the courier; nothing stays there for more than a week.",
        "control": control.key,
        "expires_at": now + 90 * DAY,
    }
    exception_request(actor=stage.person("tomas"), now=at, fields=fields)


def _exception(stage: Stage, now: datetime, at: datetime) -> None:
    fields = {
        "kind": "exception",
        "title": "The board votes late while two members are on parental leave",
        "reason": "Two members of the board are away until the end of next month.",
        "risk": "medium",
        "risk_text": "A change may wait longer than it should, and people may press for a short cut.",
        "compensating": "The engineering manager looks at the queue each morning and asks others to vote.",
        "rule": "board-in-time",
        "expires_at": now + 40 * DAY,
    }
    row = exception_request(actor=stage.person("priya"), now=at, fields=fields)
    later = at + timedelta(hours=20)
    note = "Accepted until they are back; not longer."
    exception_approve(actor=stage.person("ingrid"), now=later, key=row.key, note=note)
