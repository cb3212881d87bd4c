"""By which ways somebody can be reached: added, verified by a code, removed, tested, put in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from opsportal.accounts.models import User
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlation_id
from opsportal.core.errors import Conflict, InvalidInput, NotFound, Stale
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.notify import codes
from opsportal.notify.channels import ways
from opsportal.notify.models import ContactMethod, Delivery, Page, ReachPlan
from opsportal.notify.reach import ACCOUNT_EMAIL, LONGEST_WAIT, MOST_STEPS
from opsportal.notify.services.paging import circuit_of
from opsportal.notify.states import METHOD
from opsportal.outbox.services import wakeup

MOST_METHODS = 10
MOST_CODES_A_DAY = 10
"""For one person, whatever their methods: texts and calls cost, and may go to somebody who asked for none."""
CODE_PAUSE = timedelta(minutes=1)
TEST_PAUSE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def contact_method_add(*, actor: Actor, now: datetime, kind: str, address: object) -> ContactMethod:
    """Store a way to reach the actor, send a code there, and return it, not verified yet.

    Raises `Forbidden` for who is no person, `InvalidInput` for the kind or address, and `Conflict`
    ("exists", "too_many").
    """
    with write(actor=actor, now=now):
        require(actor, "contact.change")
        person = _locked_person(actor)
        way = ways.get(kind)
        if way is None or not way.for_people or not way.is_configured():
            raise InvalidInput.of("kind", "unknown", "Nobody can be reached this way here.")
        clean = way.clean(address)
        if kind == "email" and clean == person.email:
            raise InvalidInput.of("address", "exists", "This is your account's address: it is used anyway.")
        own = ContactMethod.objects.filter(user=person).exclude(state="removed")
        if own.count() >= MOST_METHODS:
            raise Conflict(f"You have {MOST_METHODS} ways already. Remove one first.", code="too_many")
        row = ContactMethod(user=person, kind=kind, address=clean, created_at=now)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise Conflict("You have added this already.", code="exists") from None
        _audit(actor, now, "contact.added", row)
        _send_code(row, now)
        return row


def contact_method_send_code(*, actor: Actor, now: datetime, pk: UUID) -> ContactMethod:
    """Send a new code, which ends the one before, and return the method.

    Raises `NotFound` (also for somebody else's), `Forbidden`, `IllegalMove` where it is verified, and
    `Conflict` ("too_soon", "too_many").
    """
    with write(actor=actor, now=now):
        row = _locked(actor, pk)
        METHOD.move(row.state, "verify")
        if row.code_sent_at is not None and now - row.code_sent_at < CODE_PAUSE:
            raise Conflict("A code is on its way. Ask for another one after a minute.", code="too_soon")
        _send_code(row, now)
        return row


def contact_method_verify(*, actor: Actor, now: datetime, pk: UUID, code: str) -> ContactMethod:
    """Take the code that arrived and return the method, verified; a wrong one counts.

    Raises as `contact_method_send_code`; `Conflict` ("expired", "too_many") where no code is good any
    more, and `InvalidInput` for a wrong one.
    """
    with write(actor=actor, now=now):
        row = _locked(actor, pk)
        verified = METHOD.move(row.state, "verify")
        if row.code_expires_at is None or now >= row.code_expires_at:
            raise Conflict("This code is no longer good. Ask for a new one.", code="expired")
        if row.code_tries >= codes.MOST_TRIES:
            raise Conflict("That were too many tries. Ask for a new code.", code="too_many")
        is_right = codes.is_right(code, method=row.pk, nonce=row.code_nonce)
        if is_right:
            row.state, row.verified_at, row.confirmed_at, row.error = verified, now, now, ""
            row.code_nonce, row.code_expires_at, row.code_tries = "", None, 0
            row.version += 1
            row.save()
            _audit(actor, now, "contact.verified", row)
        else:  # stored though it is refused: else one could guess for ever
            ContactMethod.objects.filter(pk=row.pk).update(code_tries=row.code_tries + 1)
    if not is_right:
        raise InvalidInput.of("code", "wrong", "This is not the code. Look at the newest message.")
    return row


def contact_method_remove(*, actor: Actor, now: datetime, pk: UUID) -> ContactMethod:
    """Forget the address and use it no more; return the method. Raises `NotFound`, `Forbidden`."""
    with write(actor=actor, now=now):
        row = _locked(actor, pk)
        row.state = METHOD.move(row.state, "remove")
        row.address = row.code_nonce = ""
        row.code_expires_at = None
        row.version += 1
        row.save()
        _audit(actor, now, "contact.removed", row)
        return row


def contact_test(*, actor: Actor, now: datetime, pk: UUID | None) -> Page:
    """Send the actor a test by one verified method, or the account's e-mail where `pk` is None.

    Return the page; `page_acknowledge` is its receipt. Raises `NotFound`, `Forbidden`, and `Conflict`
    ("not_verified", "too_soon").
    """
    with write(actor=actor, now=now):
        require(actor, "contact.change")
        person = _locked_person(actor)
        method = None if pk is None else _locked(actor, pk)
        if method is not None and method.state != "verified":
            raise Conflict("Verify it first.", code="not_verified")
        recent = Page.objects.filter(
            recipient=person, purpose=Page.Purpose.TEST, method=method, created_at__gt=now - TEST_PAUSE
        )
        if recent.exists():
            raise Conflict("A test is on its way. Ask for another one after a minute.", code="too_soon")
        row = _single(
            person,
            method,
            now,
            purpose=Page.Purpose.TEST,
            subject="Test of the operations portal",
            body="You asked for this. Say that it arrived: then it is known that this way reaches you.",
        )
        _audit(actor, now, "contact.tested", method, person)
        return row


def reach_plan_choose(
    *,
    actor: Actor,
    now: datetime,
    version: int | None = None,
    high: Iterable[Mapping[str, Any]],
    low: Iterable[Mapping[str, Any]],
) -> ReachPlan:
    """Store in which order the actor is paged and return it; pages that are under way keep theirs.

    Each step is `{"method": id of a verified one or "account", "after": minutes since the page began}`;
    no step at all is the default of `notify.reach`. Raises `Forbidden`, `Stale` and `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "contact.change")
        person = _locked_person(actor)
        row = ReachPlan.objects.filter(user=person).first() or ReachPlan(user=person)
        require_version(row, version)
        own = ContactMethod.objects.filter(user=person, state="verified").values_list("pk", flat=True)
        usable = {ACCOUNT_EMAIL, *(str(key) for key in own)}
        row.high = _steps("high", high, usable)
        row.low = _steps("low", low, usable)
        row.version += 1
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # two first choices at once
            raise Stale("You chose something else at the same moment. Look again.") from None
        _audit(actor, now, "contact.ordered", None, person)
        return row


def _steps(field: str, steps: Iterable[Mapping[str, Any]], usable: set[str]) -> list[dict[str, Any]]:
    clean = []
    for step in steps:
        method, after = str(step.get("method", "")), step.get("after", 0)
        if method not in usable:
            raise InvalidInput.of(field, "unknown", "Choose among your verified ways.")
        if type(after) is not int or not 0 <= after <= LONGEST_WAIT // timedelta(minutes=1):
            raise InvalidInput.of(field, "out_of_range", "A step comes after 0 to 60 minutes.")
        clean.append({"method": method, "after": after})
    if len(clean) > MOST_STEPS:
        raise InvalidInput.of(field, "too_many", f"At most {MOST_STEPS} steps.")
    return sorted(clean, key=lambda step: step["after"])


def _send_code(row: ContactMethod, now: datetime) -> None:
    day = Page.objects.filter(recipient=row.user, purpose=Page.Purpose.CODE, created_at__gt=now - _DAY)
    if day.count() >= MOST_CODES_A_DAY:
        raise Conflict("You have asked for too many codes today. Try again tomorrow.", code="too_many")
    # The nonce is what makes the code, not the code itself.
    ContactMethod.objects.filter(pk=row.pk).update(
        code_nonce=codes.new_nonce(),
        code_sent_at=now,
        code_expires_at=now + codes.GOOD_FOR,
        code_tries=0,
        codes_sent=row.codes_sent + 1,
    )
    row.refresh_from_db()
    subject = "Your code for the operations portal"
    _single(row.user, row, now, purpose=Page.Purpose.CODE, subject=subject, body="")


def _single(
    person: User,
    method: ContactMethod | None,
    now: datetime,
    *,
    purpose: Page.Purpose,
    subject: str,
    body: str,
) -> Page:
    """Store a page of one step."""
    page = Page.objects.create(
        purpose=purpose,
        page_key=f"{purpose}:{method.pk if method else ACCOUNT_EMAIL}:{now.isoformat()}",
        recipient=person,
        method=method,
        subject=subject,
        body=body,
        url="/account/reach/",
        started_at=now,
        created_at=now,
        correlation_id=correlation_id(),
    )
    kind = method.kind if method else "email"
    Delivery.objects.create(
        page=page,
        method=method,
        channel=kind,
        circuit=circuit_of(kind, method.pk) if method else "",
        due_at=now,
        created_at=now,
    )
    transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)
    return page


def _locked_person(actor: Actor) -> User:
    """Return the actor's own row, locked: what counts their methods and codes goes one at a time."""
    person = User.objects.select_for_update(no_key=True).filter(pk=actor.id, is_active=True).first()
    if person is None:
        raise NotFound("There is no such person.")
    return person


def _locked(actor: Actor, pk: UUID) -> ContactMethod:
    require(actor, "contact.change")
    person = _locked_person(actor)
    rows = ContactMethod.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(pk=pk, user=person).exclude(state="removed").first()
    if row is None:
        raise NotFound("You have no such way to be reached.")
    return row


def _audit(
    actor: Actor, now: datetime, action: str, row: ContactMethod | None, person: User | None = None
) -> None:
    owner = row.user_id if row else person.pk if person else actor.id
    data = {"method": str(row.pk), "kind": row.kind} if row else {}
    audit_record(actor=actor, now=now, action=action, object_kind="user", object_key=str(owner), data=data)
