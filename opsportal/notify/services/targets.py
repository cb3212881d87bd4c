"""Receivers that are no person: set up by administrators, written to by whoever pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlation_id
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.outbound import OutboundError, place_of
from opsportal.core.sealing import seal, unseal
from opsportal.core.signatures import new_secret
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.notify.channels import Way, ways
from opsportal.notify.models import ChannelTarget, Delivery, Page
from opsportal.notify.reach import PageUrgency
from opsportal.notify.services.paging import circuit_of
from opsportal.notify.states import TARGET
from opsportal.outbox.services import wakeup

SIGNED = "webhook"
"""The kind whose messages are signed: the portal makes its secret, and shows it once."""
_MOST_SECRETS = 2
_MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a target keeps under seal. The newest secret comes first."""

    address: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def sealed_of(target: ChannelTarget) -> Sealed:
    """Return what `target` keeps under seal. Raises `BrokenSealError`."""
    data = json.loads(unseal(target.sealed))
    return Sealed(data["address"], tuple(data["secrets"]))


def target_add(
    *, actor: Actor, now: datetime, slug: object, title: object, kind: str, address: object
) -> tuple[ChannelTarget, str]:
    """Store a target and return it with its signing secret, shown only now; `""` where it signs nothing.

    Raises `Forbidden`, `InvalidInput`, and `Conflict` ("exists").
    """
    with write(actor=actor, now=now):
        require(actor, "target.manage")
        way = _way(kind)
        sealed = Sealed(way.clean(address), (new_secret(),) if kind == SIGNED else ())
        row = ChannelTarget(
            slug=clean_slug(slug, field="slug"),
            title=clean_text(title, field="title", max_length=120, required=True, lines=False),
            kind=kind,
            sealed=_seal(sealed),
            hint=hint_of(kind, sealed.address),
            created_at=now,
        )
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise Conflict("There is a target with this name already.", code="exists") from None
        _audit(actor, now, "target.added", row)
        return row, next(iter(sealed.secrets), "")


def target_change_address(
    *, actor: Actor, now: datetime, slug: str, address: object, version: int | None = None
) -> ChannelTarget:
    """Let a target lead elsewhere and return it. Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`."""
    with write(actor=actor, now=now):
        row = _locked(actor, slug, version)
        clean = _way(row.kind).clean(address)
        row.sealed = _seal(Sealed(clean, sealed_of(row).secrets))
        row.hint = hint_of(row.kind, clean)
        return _saved(actor, now, row, "target.address_changed")


def target_exchange_secret(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> tuple[ChannelTarget, str]:
    """Make a new signing secret and return it, shown only now; the one before signs, too, until the next.

    Raises `NotFound`, `Forbidden`, `Stale`, and `Conflict` ("not_signed").
    """
    with write(actor=actor, now=now):
        row = _locked(actor, slug, version)
        if row.kind != SIGNED:
            raise Conflict("Only webhooks are signed.", code="not_signed")
        sealed, secret = sealed_of(row), new_secret()
        row.sealed = _seal(Sealed(sealed.address, (secret, *sealed.secrets)[:_MOST_SECRETS]))
        return _saved(actor, now, row, "target.secret_exchanged"), secret


def target_switch(
    *, actor: Actor, now: datetime, slug: str, on: bool, version: int | None = None
) -> ChannelTarget:
    """Use a target, or use it no more; return it. Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`."""
    with write(actor=actor, now=now):
        row = _locked(actor, slug, version)
        row.state = TARGET.move(row.state, "switch_on" if on else "switch_off")
        return _saved(actor, now, row, "target.switched_on" if on else "target.switched_off")


def target_test(*, actor: Actor, now: datetime, slug: str) -> Page:
    """Send a test to a target and return its page. Raises `NotFound`, `Forbidden`, `Conflict` ("off")."""
    with write(actor=actor, now=now):
        row = _locked(actor, slug, None)
        if row.state != "on":
            raise Conflict("This target is switched off.", code="off")
        _audit(actor, now, "target.tested", row)
        return _send(
            row,
            now,
            purpose=Page.Purpose.TEST,
            page_key=f"test:{row.slug}:{now.isoformat()}",
            subject="Test of the operations portal",
            body="An administrator asked for this. Nothing has happened.",
            url="/channels/",
            urgency="low",
        )


def target_send(
    *,
    now: datetime,
    page_key: str,
    target: str,
    subject: str,
    body: str,
    url: str = "",
    urgency: PageUrgency = "high",
    about: str = "",
    reference: str = "",
) -> Page | None:
    """Write to the target with the slug `target` and return its page; the arguments are those of `page`.

    None where it was sent under the same `page_key` before, or there is no such target in use: who
    pages goes on to the next step. Joins the transaction under way, or has its own.
    """
    with transaction.atomic():
        row = ChannelTarget.objects.select_for_update(no_key=True).filter(slug=target, state="on").first()
        if row is None or Page.objects.filter(page_key=page_key, target=row).exists():
            return None
        return _send(
            row,
            now,
            purpose=Page.Purpose.PAGE,
            page_key=page_key,
            subject=subject[:_MAX_SUBJECT],
            body=body,
            url=url,
            urgency=urgency,
            about=about,
            reference=reference,
        )


def hint_of(kind: str, address: str) -> str:
    """Return what may be shown of an address: the host of one that is secret, the end of a key, a room."""
    try:
        return place_of(address).host[:120]
    except OutboundError:
        return address if kind in {"slack", "email"} else f"…{address[-4:]}"


def _send(target: ChannelTarget, now: datetime, **fields: str) -> Page:
    page = Page.objects.create(
        target=target, started_at=now, created_at=now, correlation_id=correlation_id(), **fields
    )
    Delivery.objects.create(
        page=page,
        channel=target.kind,
        circuit=circuit_of(target.kind, target.slug),
        due_at=now,
        created_at=now,
    )
    transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)
    return page


def _way(kind: str) -> Way:
    way = ways.get(kind)
    if way is None or not way.for_targets or not way.is_configured():
        raise InvalidInput.of("kind", "unknown", "Nothing can be sent this way here.")
    return way


def _seal(sealed: Sealed) -> str:
    return seal(json.dumps({"address": sealed.address, "secrets": list(sealed.secrets)}))


def _locked(actor: Actor, slug: str, version: int | None) -> ChannelTarget:
    row = ChannelTarget.objects.select_for_update().filter(slug=slug).first()
    require(actor, "target.manage")
    if row is None:
        raise NotFound("There is no such target.")
    require_version(row, version)
    return row


def _saved(actor: Actor, now: datetime, row: ChannelTarget, action: str) -> ChannelTarget:
    row.version += 1
    row.save()
    _audit(actor, now, action, row)
    return row


def _audit(actor: Actor, now: datetime, action: str, row: ChannelTarget) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=action,
        object_kind="channel_target",
        object_key=row.slug,
        data={"kind": row.kind},
    )
