"""Which steps the page of an audit offers to whom: those that would be taken; else what is needed first.

It asks the same permissions and the same tables as the services do, which decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from compliance.admin.audits.steps import STEPS
from compliance.auditing.opinions import Standing, against, many
from compliance.auditing.states import ACTION, AUDIT, FINDING, REQUEST, TAKEN_IN
from compliance.models import Audit, CorrectiveAction, EvidenceRequest, Finding
from compliance.permissions.audits import Case
from opsportal.core.access import may
from opsportal.core.actor import Actor

Offer = tuple[str, str]
_TEAM_VERBS = ("report", "withdraw", "uphold", "verify", "close", "reopen")


@dataclass(frozen=True, slots=True)
class Row:
    """A row, the steps (slug, words) on it that its reader may take, and what is needed before others."""

    row: Any
    steps: tuple[Offer, ...] = ()
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks at which audit, and how far it is."""

    audit: Audit
    actor: Actor
    case: Case
    standing: Standing
    drafts: int
    is_reported: bool

    def takes(self, slug: str, permission: str = "audit.work") -> bool:
        """Return whether this step can be taken now, by who looks."""
        return self.audit.state in TAKEN_IN[slug] and may(self.actor, permission, self.case)

    @property
    def open_steps(self) -> frozenset[str]:
        """The steps without a row that are offered beside the parts of the page."""
        lead = [one for one in ("team", "guest") if self.takes(one, "audit.lead")]
        work = [one for one in ("test", "result", "freeze", "draw", "request", "finding") if self.takes(one)]
        return frozenset([*lead, *work])


def steps_of_audit(desk: Desk) -> tuple[list[Offer], list[str]]:
    """Return the steps (slug, words) of the audit itself, and in sentences what is needed before others."""
    audit, offers, needed = desk.audit, [], []
    leads, issues = may(desk.actor, "audit.lead", desk.case), may(desk.actor, "audit.issue", desk.case)
    if not (leads or issues):
        return [], []
    if AUDIT.can(audit.state, "begin"):
        offers.append("begin")
        needed.append("Samples, evidence requests and findings begin with the fieldwork.")
    if AUDIT.can(audit.state, "report"):
        before = _before_report(desk)
        offers += [] if before else ["reporting"]
        needed += [f"Before the fieldwork ends: {'; '.join(before)}."] if before else []
    if AUDIT.can(audit.state, "close"):
        offers.append("conclude")
        if issues:
            before_issue, before_close = _before_issue(desk), _before_close(desk)
            offers += [] if before_issue else ["issue"]
            offers += [] if before_close else ["close"]
            needed += [f"Before the report is issued: {'; '.join(before_issue)}."] if before_issue else []
            needed += [f"Before the audit is closed: {'; '.join(before_close)}."] if before_close else []
        else:
            needed.append(f"{audit.lead}, who leads it, issues the report and closes the audit.")
        offers.append("resume")
    if desk.takes("team", "audit.lead"):
        offers += ["team", "cancel"]
    return [(slug, STEPS[slug].title) for slug in offers], needed


def finding_rows(desk: Desk, rows: Iterable[Finding]) -> list[Row]:
    """Return findings, with their actions loaded, each with what may be done to it."""
    return [_finding(desk, row) for row in rows]


def action_rows(desk: Desk, rows: Iterable[CorrectiveAction]) -> list[Row]:
    """Return corrective actions, each with what may be done to it."""
    return [_action(desk, row) for row in rows]


def request_rows(desk: Desk, rows: Iterable[EvidenceRequest]) -> list[Row]:
    """Return evidence requests, each with what may be done to it."""
    works = may(desk.actor, "audit.work", desk.case)
    verbs = ("accept", "return", "cancel")
    return [
        Row(row, tuple(_offer(f"request-{verb}") for verb in verbs if works and REQUEST.can(row.state, verb)))
        for row in rows
    ]


def _finding(desk: Desk, row: Finding) -> Row:
    works = may(desk.actor, "audit.work", desk.case)
    if not works:
        return Row(row)
    actions = list(row.actions.all())
    did = {str(one) for action in actions for one in (action.owner_id, action.done_by_id) if one}
    doers = frozenset({*did, *([str(row.owner_id)] if row.owner_id else [])})
    verifies = may(desk.actor, "finding.verify", replace(desk.case, doers=doers))
    can = [verb for verb in _TEAM_VERBS if FINDING.can(row.state, verb)]
    needed = ""
    if "report" in can and (not row.owner_id or str(row.owner_id) in desk.case.team):
        can.remove("report")
        needed = "To report it, name an owner who does not work on this audit."
    if "verify" in can and any(action.state in {"open", "done"} for action in actions):
        can.remove("verify")
        needed = "Verified once its corrective actions are."
    if not verifies and {"verify", "close"} & set(can):
        can = [verb for verb in can if verb not in {"verify", "close"}]
        needed = "Somebody else of the team verifies and closes it."
    steps = [_offer(f"finding-{verb}") for verb in can]
    if FINDING.can(row.state, "edit"):
        steps.insert(0, ("finding-edit", "Change"))
    if FINDING.can(row.state, "remediate"):
        steps.append(("action", "Corrective action"))
    if row.state in {"reported", "disputed"} and not needed:
        needed = "Its owner answers next." if row.state == "reported" else ""
    return Row(row, tuple(steps), needed)


def _action(desk: Desk, row: CorrectiveAction) -> Row:
    works = may(desk.actor, "audit.work", desk.case)
    if not works or not ACTION.can(row.state, "verify"):
        return Row(row, needed="Its owner does it next." if works and row.state == "open" else "")
    doers = frozenset(str(one) for one in (row.owner_id, row.done_by_id) if one)
    if not may(desk.actor, "finding.verify", replace(desk.case, doers=doers)):
        return Row(row, needed="Somebody else of the team verifies it.")
    return Row(row, (_offer("action-verify"), _offer("action-return")))


def _offer(slug: str) -> Offer:
    return slug, STEPS[slug].button


def _before_report(desk: Desk) -> list[str]:
    counted = (
        (len(desk.standing.untested), "test", "of controls to be given a result"),
        (desk.drafts, "draft", "of findings to be reported or withdrawn"),
        (desk.standing.requests, "evidence request", "to be accepted or cancelled"),
    )
    return [f"{many(count, thing)} {words}" for count, thing, words in counted if count]


def _before_issue(desk: Desk) -> list[str]:
    audit = desk.audit
    missing = [name for name in ("opinion", "conclusion") if not getattr(audit, name)]
    if missing:
        return [f"its {' and '.join(missing)} to be written"]
    if not audit.opinion_reason and against(audit.opinion, desk.standing):
        return ["a reason why the opinion stands although something is open"]
    return []


def _before_close(desk: Desk) -> list[str]:
    return [
        *([] if desk.is_reported else ["the report to be issued"]),
        *([f"{many(desk.drafts, 'draft')} of findings to be reported or withdrawn"] if desk.drafts else []),
    ]
