"""Access reviews: opened with a frozen list, decided holding by holding, completed when nothing is left."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from compliance.facts.governance import review_facts
from compliance.governing.states import ACCESS_REVIEW, HOLDING
from compliance.models import AccessHolding, AccessMove, AccessReview
from compliance.selectors.access import Held, held_now, is_over, moves_between
from compliance.selectors.people import persons_named
from compliance.services.governance.fields import ahead, utc_day
from compliance.services.governance.records import ORGANISATION, counted, told
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import role_end, team_leave, token_revoke, user_update
from opsportal.audit.canonical import JSON, canonical_bytes
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import because, write

KIND = "access-review"
WITHIN = timedelta(days=14)
MAX_REASON = 1_000
TAKER = Actor.system("access-review")
"""Takes away what a reviewer who is no administrator has decided against."""


def access_review_open(
    *, actor: Actor, now: datetime, due_at: datetime | None = None, note: object = ""
) -> AccessReview:
    """Freeze a list of everything that anybody holds, give each line a reviewer, and return the review.

    `due_at` (aware) is in 14 days where it is missing. Who joined, moved or left since the review before is
    listed beside it. Raises `Forbidden`, `InvalidInput`, and `Conflict` (`open_already`).
    """
    said = clean_text(note, field="note", max_length=MAX_REASON)
    until = ahead("due_at", now)(due_at) if due_at is not None else now + WITHIN
    with write(actor=actor, now=now):
        require(actor, "access_review.run")
        if AccessReview.objects.select_for_update().filter(state=ACCESS_REVIEW.initial).exists():
            raise Conflict("An access review is open. Complete or cancel it first.", code="open_already")
        before = AccessReview.objects.filter(state="completed").order_by("-id").first()
        held = held_now(now)
        review = AccessReview(
            note=said,
            since=before.opened_at if before else None,
            list_hash=_hash(held),
            due_at=until,
            opened_by=_opener(actor),
            opened_at=now,
            updated_at=now,
        )
        review.save(force_insert=True)
        _freeze(review, held)
        AccessMove.objects.bulk_create(
            AccessMove(review=review, kind=move.kind, person_id=move.person, what=move.what, at=move.at)
            for move in moves_between(review.since, now)
        )
        _happened(review, "opened", actor=actor, now=now, holdings=len(held))
        return review


def access_holding_decide(
    *,
    actor: Actor,
    now: datetime,
    review: int,
    number: int,
    verdict: str,
    reason: object = "",
    version: int | None = None,
) -> AccessHolding:
    """Confirm or revoke (`verdict`) one line of an open review, and return it.

    What is revoked ends at once: the role or membership with yesterday, a token and the rights of an
    administrator or auditor now. Needs a `reason` then. Raises `NotFound`, `Forbidden` (the holder never
    decides), `InvalidInput`, `Stale`, `IllegalMove`, `Conflict` (`over`: it is held no more), and what the
    accounts refuse, e.g. `last_administrator`.
    """
    if verdict not in ("confirm", "revoke"):
        raise InvalidInput.of("verdict", "unknown", "Must be confirm or revoke.")
    said = clean_text(reason, field="reason", max_length=MAX_REASON, required=verdict == "revoke")
    with write(actor=actor, now=now, reason=said[:500]):
        row = access_review_locked(review)
        holding = _holding_locked(row, number)
        require(actor, "access_review.decide", holding)
        require_version(holding, version)
        ACCESS_REVIEW.move(row.state, "decide")
        if is_over(holding, now):
            raise Conflict("It is held no more; the review notes that when it is completed.", code="over")
        holding.state = HOLDING.move(holding.state, verdict)
        holding.reason, holding.decided_by_id, holding.decided_at = said, UUID(actor.id), now
        if verdict == "revoke":
            _take_away(holding, row, actor=actor, now=now)
        _save(holding)
        told(
            f"access_holding.{holding.state}",
            kind=KIND,
            key=row.key,
            actor=actor,
            now=now,
            data={"number": number, "kind": holding.kind, "what": holding.what},
        )
        return holding


def access_holding_assign(
    *, actor: Actor, now: datetime, review: int, number: int, reviewer: User
) -> AccessHolding:
    """Let somebody else decide a line, and return it. Raises `Forbidden`, `NotFound`, `InvalidInput`."""
    with write(actor=actor, now=now):
        require(actor, "access_review.run")
        row = access_review_locked(review)
        holding = _holding_locked(row, number)
        ACCESS_REVIEW.move(row.state, "decide")
        if reviewer.pk == holding.person_id:
            raise InvalidInput.of("reviewer", "holder", "Nobody reviews what they hold themselves.")
        if holding.reviewer_id != reviewer.pk:
            _assign(row, holding, reviewer, actor=actor, now=now)
        return holding


def _assign(
    review: AccessReview, holding: AccessHolding, reviewer: User, *, actor: Actor, now: datetime
) -> None:
    holding.reviewer = reviewer
    _save(holding)
    told(
        "access_holding.assigned",
        kind=KIND,
        key=review.key,
        actor=actor,
        now=now,
        data={"number": holding.number, "reviewer": str(reviewer.pk)},
    )


def access_reviewers_assign(
    *, actor: Actor, now: datetime, review: int, wanted: Mapping[int, str]
) -> list[AccessHolding]:
    """Say who decides lines of a review, and return those that have another reviewer than before.

    `wanted`: the number of a line -> the id or e-mail address of its reviewer. All or nothing: every line
    that cannot be is named. Raises `Forbidden`, `NotFound`, `InvalidInput`, `IllegalMove`.
    """
    with write(actor=actor, now=now):
        require(actor, "access_review.run")
        row = access_review_locked(review)
        ACCESS_REVIEW.move(row.state, "decide")
        lines = {one.number: one for one in row.holdings.select_for_update().filter(number__in=list(wanted))}
        people = persons_named(wanted.values())
        errors = [
            FieldError(f"/lines/{number}", code, f"Line {number}: {words}")
            for number, name in wanted.items()
            for code, words in _against(lines.get(number), name, people.get(name))
        ]
        if errors:
            raise InvalidInput(errors)
        changed = [line for line in lines.values() if line.reviewer_id != people[wanted[line.number]].pk]
        for line in changed:
            _assign(row, line, people[wanted[line.number]], actor=actor, now=now)
        return changed


def _against(line: AccessHolding | None, name: str, reviewer: User | None) -> list[tuple[str, str]]:
    """Return why nobody of this name reviews this line, as a code with words; nothing where they may."""
    if line is None:
        return [("unknown", "there is no such line in this review.")]
    if reviewer is None or not reviewer.is_active:
        return [("unknown", f"nobody who may sign in is called “{name[:80]}”; give an e-mail address or id.")]
    if reviewer.pk == line.person_id:
        return [("holder", "nobody reviews what they hold themselves.")]
    return []


def access_review_end(
    *, actor: Actor, now: datetime, pk: int, verb: str, reason: object = "", version: int | None = None
) -> AccessReview:
    """Complete or cancel (`verb`) a review, and return it.

    Lines that nobody decided and that are over by now are noted so; any other one holds up completing:
    `Conflict` (`undecided`). To cancel needs a reason. Raises also `NotFound`, `Forbidden`, `Stale`,
    `IllegalMove`.
    """
    if verb not in ("complete", "cancel"):
        raise InvalidInput.of("verb", "unknown", "Must be complete or cancel.")
    said = clean_text(reason, field="reason", max_length=MAX_REASON, required=verb == "cancel")
    with write(actor=actor, now=now, reason=said[:500]):
        review = access_review_locked(pk)
        require(actor, "access_review.run")
        require_version(review, version)
        state = ACCESS_REVIEW.move(review.state, verb)
        if verb == "complete":
            _require_decided(review, actor=actor, now=now)
        review.state, review.ended_at = state, now
        review.ended_by_id = UUID(actor.id) if actor.is_user else None
        review.note = "\n\n".join(part for part in (review.note, said) if part)
        review.version += 1
        review.updated_at = now
        review.save()
        _happened(review, state, actor=actor, now=now, holdings=review.holdings.count())
        return review


def access_review_locked(pk: int) -> AccessReview:
    """Lock a review and return it. Raises `NotFound`."""
    found = AccessReview.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such access review.")
    return found


def _opener(actor: Actor) -> User:
    person = User.objects.filter(pk=actor.id).first() if actor.is_user else None
    opener = person or User.objects.filter(is_staff=True, is_active=True).order_by("created_at").first()
    if opener is None:
        raise Conflict("Nobody could answer for it: there is no administrator.", code="no_administrator")
    return opener


def _freeze(review: AccessReview, held: list[Held]) -> None:
    administrators = list(
        User.objects.filter(is_staff=True, is_active=True)
        .order_by("created_at", "pk")
        .values_list("pk", flat=True)
    )
    opener = review.opened_by_id
    # Where there is one administrator alone, somebody else still looks at what they hold.
    others = colleagues().filter(is_auditor=False).order_by("created_at", "pk")
    anybody = list(others.values_list("pk", flat=True)[:2])
    # Who opens a review and ends it decides its lines only where no other administrator is there to.
    apart = [who for who in administrators if who != opener]
    for number, one in enumerate(held, 1):
        candidates = [one.reviewer, *apart, opener, *anybody]
        reviewer = next((who for who in candidates if who is not None and who != one.person), None)
        AccessHolding(
            review=review,
            number=number,
            kind=one.kind,
            row_key=one.row_key,
            person_id=one.person,
            account_id=one.account,
            what=one.what,
            scope=one.scope,
            held_from=one.held_from,
            held_until=one.held_until,
            reviewer_id=reviewer,
        ).save(force_insert=True)


def _hash(held: list[Held]) -> str:
    lines: list[JSON] = [dict(one.as_data()) for one in held]
    return hashlib.sha256(canonical_bytes(lines)).hexdigest()


def _holding_locked(review: AccessReview, number: int) -> AccessHolding:
    found = review.holdings.select_for_update().filter(number=number).first()
    if found is None:
        raise NotFound("There is no such line in this access review.")
    return found


def _take_away(holding: AccessHolding, review: AccessReview, *, actor: Actor, now: datetime) -> None:
    taker = actor if actor.is_staff else TAKER
    yesterday = utc_day(now) - timedelta(days=1)
    with because(f"{review.key}, line {holding.number}: {holding.reason}"[:500]):
        match holding.kind:
            case "role" | "board":
                role_end(actor=taker, now=now, holding_id=int(holding.row_key), last_day=yesterday)
            case "team":
                team_leave(actor=taker, now=now, membership_id=int(holding.row_key), last_day=yesterday)
            case "token":
                token_revoke(actor=taker, now=now, token_id=int(holding.row_key))
            case "administrator":
                user_update(actor=taker, now=now, user_id=str(holding.person_id), is_staff=False)
            case "auditor":
                user_update(actor=taker, now=now, user_id=str(holding.person_id), is_auditor=False)


def _require_decided(review: AccessReview, *, actor: Actor, now: datetime) -> None:
    undecided = list(review.holdings.select_for_update().filter(state="undecided").order_by("number"))
    left = [holding for holding in undecided if not is_over(holding, now)]
    if left:
        raise Conflict(
            f"{len(left)} of its lines are not decided yet, the first is number {left[0].number}.",
            code="undecided",
        )
    for holding in undecided:
        holding.state = HOLDING.move(holding.state, "end")
        holding.decided_at = now
        _save(holding)
        told(
            "access_holding.ended",
            kind=KIND,
            key=review.key,
            actor=actor,
            now=now,
            data={"number": holding.number, "kind": holding.kind},
        )


def _save(holding: AccessHolding) -> None:
    holding.version += 1
    holding.save()


def _happened(review: AccessReview, event: str, *, actor: Actor, now: datetime, holdings: int) -> None:
    states = list(review.holdings.values_list("state", flat=True))
    confirmed, revoked = states.count("confirmed"), states.count("revoked")
    told(
        f"access_review.{event}",
        kind=KIND,
        key=review.key,
        actor=actor,
        now=now,
        data={"holdings": holdings, "confirmed": confirmed, "revoked": revoked, "list": review.list_hash},
    )
    if event == "cancelled":
        return
    counted(
        f"access_review.{event}",
        subject=ORGANISATION,
        record=(KIND, review.key),
        facts=review_facts(
            holdings=holdings,
            confirmed=confirmed,
            revoked=revoked,
            duration=now - review.opened_at if event == "completed" else None,
        ),
        at=now,
        actor=actor,
        now=now,
        summary=f"{confirmed} confirmed, {revoked} taken away, of {holdings}",
    )
