"""May this deployment go ahead? One pure function over frozen inputs, which gives all reasons at once.

Two kinds of finding make the answer. The portal's own guarantees (rule ids `portal.…`) hold whatever the
pack says: the change fits the place, is approved, not held, in its window, its approved content is the
present one, and no freeze holds there that it was not let pass. The pack's rules at `deployment.gate` come
on top: those of the standard in force today, and where the change was submitted under another one, those
of that one too, so that a standard that was loosened afterwards does not weaken a change under way, and
one that was tightened holds at once.

**Precedence.** Every finding stands for one decision; the answer is the worst of them, in this order:
`withdrawn` (nobody wants this deployment any more; nothing else matters), `blocked` (a rule says no),
`expired` (it would do, had its window not ended), `pending` (it may still become a yes), `allowed` (there
is no finding at all). Only `allowed` lets a pipeline go on.

**Break-glass.** Where two people have broken the glass for the place, the answer is `allowed` with the reason
`break_glass`, whatever stands against it, but for what never bends: the service is retired, the version is
not named, or the pipeline says that it validated other policies than those in force. Those are not about
permission, but about what is deployed at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from changes.gate.choice import Choice, choose
from changes.gate.freezing import freeze_findings, passed_freezes
from changes.gate.guarantees import bends, guarantees, release_findings, standards_for
from changes.gate.inputs import (
    POINT,
    Decision,
    Finding,
    GateAnswer,
    GateInput,
    Glass,
    Template,
    findings_of,
    gate_facts,
    worst,
)
from opsportal.calendar.almanac import FROZEN
from opsportal.core.errors import Reason
from opsportal.standards import engine
from opsportal.standards.rules import RequireChange


def decide(asked: GateInput) -> GateAnswer:
    """Return the gate's answer. Raises `LookupError` where the named change is not among the candidates."""
    answer, findings = _by_the_rules(asked)
    if answer.allowed or asked.glass is None or not all(bends(one, asked) for one in findings):
        return answer
    return _through_the_glass(asked.glass, answer)


def _through_the_glass(glass: Glass, answer: GateAnswer) -> GateAnswer:
    until = f"{glass.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    words = (
        f"{glass.key} is in force here until {until}: allowed, whatever else is said here."
        " It is reviewed afterwards."
    )
    broken = Reason("break_glass", "portal.break_glass", words)
    return GateAnswer(
        decision=Decision.ALLOWED,
        reasons=(broken, *answer.reasons),
        standard_hash=answer.standard_hash,
        glass=glass,
    )


def _by_the_rules(asked: GateInput) -> tuple[GateAnswer, list[Finding]]:
    choice = choose(asked)
    findings = [
        *release_findings(asked),
        *([choice.doubt] if choice.doubt else []),
        *(guarantees(choice.change, asked) if choice.change else []),
        *(_opening_findings(asked, choice.opens) if choice.opens else []),
        *freeze_findings(asked, choice.change),
        *_rule_findings(asked, choice),
    ]
    decision = worst(findings)
    answer = GateAnswer(
        decision=decision,
        reasons=tuple(
            dict.fromkeys(one.reason for one in sorted(findings, key=lambda one: -one.decision.rank))
        ),
        standard_hash=asked.standard.content_hash,
        change=choice.change,
        opens=choice.opens,
        retry_at=_retry_at(asked, choice, {one.reason.code for one in findings}),
        passed=passed_freezes(asked, choice.change),
    )
    return answer, findings


def _retry_at(asked: GateInput, choice: Choice, codes: set[str]) -> datetime | None:
    """Return when what is waited for has come: the window has opened, every freeze is over."""
    waits = [freeze.end for freeze in asked.freezes] if FROZEN in codes else []
    if choice.change and choice.change.window_start and "window_not_open" in codes:
        waits.append(choice.change.window_start)
    return max(waits, default=None)


def _opening_findings(asked: GateInput, template: Template) -> Iterator[Finding]:
    yield from findings_of(engine.decide(asked.standard, "change.submit", template.facts))
    for stage in engine.stages(asked.standard, "change.submit", template.facts):
        yield Finding(
            Decision.PENDING,
            Reason(
                "change_not_approved",
                stage.rule_id,
                f"A standard change from the template {template.slug} waits for: {stage.demand.title}.",
            ),
        )


def _rule_findings(asked: GateInput, choice: Choice) -> Iterator[Finding]:
    about = choice.change.facts if choice.change else choice.opens.facts if choice.opens else None
    for standard in standards_for(asked, choice.change):
        facts = gate_facts(asked, about)
        in_force = asked.standard.policy_hash
        if standard is not asked.standard and in_force and asked.release.policy_hash == in_force:
            # The policies in force are the ones to validate; an older hash could not be met as well.
            facts["deployment.policy_hash"] = standard.policy_hash or None
        # Where a change is found, the guarantees above say more of it than the rule that demands one.
        covered = {
            rule.id
            for rule in standard.rules_at(POINT)
            if choice.settled and isinstance(rule.demand, RequireChange)
        }
        for finding in findings_of(engine.decide(standard, POINT, facts)):
            if finding.reason.rule not in covered:
                yield finding
