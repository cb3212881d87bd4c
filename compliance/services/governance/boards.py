"""The register of decisions: recorded once, corrected beside themselves, superseded by newer ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance.models import BoardDecision, BoardDecisionText
from compliance.services.governance.fields import cleaned, day, line, links, people, prose, slug, utc_day
from compliance.services.governance.records import ORGANISATION, counted, told
from opsportal.accounts.models import Role
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.core.writes import write

KIND = "decision"
TEXTS = ("question", "options", "outcome", "reasons", "participants", "links")
FIELDS = ("board", "decided_on", *TEXTS, "supersedes")


def decision_record(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> BoardDecision:
    """Record what a board decided, and return it.

    `fields` are those of `FIELDS`: `board` (slug of its role), `question` and `outcome` are needed;
    `decided_on` is today where it is missing; `supersedes` is the key of the decision whose place it takes.
    Raises `Forbidden`, `InvalidInput`, and `Conflict` (`superseded`).
    """
    given = cleaned(fields, _cleaners(now), required=("board", "question", "outcome"))
    with write(actor=actor, now=now):
        board = _board(given["board"])
        require(actor, "decision.record", (board.slug, now))
        decision = BoardDecision(
            board=board.slug,
            decided_on=given.get("decided_on", utc_day(now)),
            supersedes=_superseded(given.get("supersedes", "")),
            recorded_by_kind=actor.kind.value,
            recorded_by_id=actor.id,
            recorded_at=now,
        )
        decision.save(force_insert=True)
        text = _write(decision, given, number=1, actor=actor, now=now)
        data = {"board": board.slug, "supersedes": decision.supersedes.key if decision.supersedes else ""}
        told("decision.recorded", kind=KIND, key=decision.key, actor=actor, now=now, data=data)
        counted(
            "decision.recorded",
            subject=ORGANISATION,
            record=(KIND, decision.key),
            facts={
                "decision.board": board.slug,
                "decision.participants": len(text.participants),
                "decision.supersedes": decision.supersedes_id is not None,
            },
            at=now,
            actor=actor,
            now=now,
            summary=text.question,
        )
        return decision


def decision_correct(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], reason: object
) -> BoardDecisionText:
    """Write the words of a decision down anew, beside the older ones, and return them.

    What is missing in `fields` (those of `TEXTS`) stays as it was. Raises `NotFound`, `Forbidden`,
    `InvalidInput`, also where nothing differs.
    """
    said = clean_text(reason, field="reason", max_length=1_000, required=True)
    readers = {name: reader for name, reader in _cleaners(now).items() if name in TEXTS}
    given = cleaned(fields, readers)
    with write(actor=actor, now=now, reason=said[:500]):
        decision = BoardDecision.objects.select_for_update().filter(pk=pk).first()
        if decision is None:
            raise NotFound("There is no such decision.")
        require(actor, "decision.record", (decision.board, now))
        last = decision.texts.order_by("-number").first()
        assert last is not None  # noqa: S101 - a decision is recorded with its text
        standing = {name: getattr(last, name) for name in TEXTS}
        if {**standing, **given} == standing:
            raise InvalidInput.of("", "unchanged", "Nothing of it differs from what is recorded.")
        merged = {**standing, **given}
        text = _write(decision, merged, number=last.number + 1, actor=actor, now=now, correction=said)
        data = {"number": text.number, "fields": sorted(given)}
        told("decision.corrected", kind=KIND, key=decision.key, actor=actor, now=now, data=data)
        return text


def _cleaners(now: datetime) -> dict[str, Any]:
    return {
        "board": slug("board"),
        "decided_on": day("decided_on", until=utc_day(now)),
        "question": line("question", 300, required=True),
        "options": prose("options"),
        "outcome": prose("outcome", required=True),
        "reasons": prose("reasons"),
        "participants": people("participants"),
        "links": links("links"),
        "supersedes": line("supersedes", 30),
    }


def _board(slug_: str) -> Role:
    board = Role.objects.filter(slug=slug_).first()
    if board is None:
        raise InvalidInput.of("board", "unknown", "There is no such board or role.")
    return board


def _superseded(key: str) -> BoardDecision | None:
    if not key:
        return None
    number = number_of(key, "DEC")
    older = BoardDecision.objects.select_for_update().filter(pk=number).first() if number else None
    if older is None:
        raise InvalidInput.of("supersedes", "unknown", "There is no such decision.")
    newer = BoardDecision.objects.filter(supersedes=older).first()
    if newer is not None:
        raise Conflict(f"{newer.key} has taken its place already.", code="superseded")
    return older


def _write(
    decision: BoardDecision,
    given: Mapping[str, Any],
    *,
    number: int,
    actor: Actor,
    now: datetime,
    correction: str = "",
) -> BoardDecisionText:
    text = BoardDecisionText(
        decision=decision,
        number=number,
        question=given["question"],
        options=given.get("options", ""),
        outcome=given["outcome"],
        reasons=given.get("reasons", ""),
        participants=given.get("participants", []),
        links=given.get("links", []),
        correction=correction,
        written_by_kind=actor.kind.value,
        written_by_id=actor.id,
        written_at=now,
    )
    text.save(force_insert=True)
    return text
