"""Putting a standard in force. What is in flight keeps the one that it was submitted under."""

from __future__ import annotations

from datetime import datetime

from opsportal.accounts.services.roles import role_declare
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, NotFound
from opsportal.core.locks import STANDARD_IN_FORCE, wait_for_turn
from opsportal.core.ports import standard_review_changed
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put
from opsportal.standards.models import Activation, StandardVersion
from opsportal.standards.selectors import activation_by, newest_of, standard_by_hash
from opsportal.standards.services.store import standard_store
from opsportal.standards.shipped import shipped_names, shipped_source

TOPIC = "standards.activated"
PORTAL = Actor.system("standards.activate")
"""Roles are declared by the portal itself: whoever carries out the change need not administer roles."""
BOOTSTRAP_OVER = (
    "A standard is in force already. Propose yours (manage.py standard propose NAME), have a change approved"
    " that names it, and while that is carried out: manage.py standard activate NAME --change CHG-n."
)


def standard_activate(*, actor: Actor, now: datetime, name: str) -> Activation:
    """Put the standard `name` in force: the shipped pack of that name, else the version stored last.

    Also makes the roles known that it names, and tells `standards.activated`. Active already, it
    stays so and nothing is written. On any error the active one stays active. `now` is aware UTC.
    Raises `NotFound`, `Forbidden`, `InvalidInput` (its faults) and `Conflict`.
    """
    with write(actor=actor, now=now):
        require(actor, "standards.activate")
        shipped = shipped_source(name)
        row = (
            standard_store(actor=actor, now=now, source=shipped, file=f"{name}.toml")
            if shipped is not None
            else newest_of(name)
        )
        if row is None:
            stored = StandardVersion.objects.order_by("name").values_list("name", flat=True).distinct()
            known = ", ".join(sorted({*shipped_names(), *stored}))
            raise NotFound(f"There is no standard '{name[:60]}'; there are: {known}.")
        return _activate(row, actor=actor, now=now)


def standard_install(
    *, actor: Actor, now: datetime, source: bytes, file: str = "", document: bytes | None = None
) -> Activation:
    """Store the pack `source` and put it in force, in one. Raises as the two do."""
    with write(actor=actor, now=now):
        require(actor, "standards.activate")
        row = standard_store(actor=actor, now=now, source=source, file=file, document=document)
        return _activate(row, actor=actor, now=now)


def standard_bootstrap(
    *, actor: Actor, now: datetime, name: str, source: bytes | None = None, document: bytes | None = None
) -> Activation:
    """Put the first standard of an installation in force: `name` as in `standard_activate`, or a pack.

    `source` is the pack's content, `name` then its file, and `document` as in `standard_store`. What is
    in force already stays so. Raises `Conflict` (`bootstrap_over`) where another one is in force: from
    then on, an approved change puts a standard in force. Raises what `standard_activate` and
    `standard_install` raise, too.
    """
    with write(actor=actor, now=now):
        # Of two at once, the second one sees what the first one put in force, and is refused.
        wait_for_turn(STANDARD_IN_FORCE)
        first = Activation.objects.order_by("-id").first()
        activation = (
            standard_activate(actor=actor, now=now, name=name)
            if source is None
            else standard_install(actor=actor, now=now, source=source, file=name, document=document)
        )
        if first is not None and activation != first:
            raise Conflict(BOOTSTRAP_OVER, code="bootstrap_over")
        return activation


def standard_activate_by_change(*, actor: Actor, now: datetime, content_hash: str, change: str) -> Activation:
    """Put the stored standard of this hash in force for the approved change of this key.

    The change's own service has checked that it is approved and under way. Once for each change: again
    gives what stands. Raises `NotFound`, `Unavailable` where its content cannot be read, and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "standards.activate", change)
        row = StandardVersion.objects.filter(content_hash=content_hash).first()
        if row is None:
            raise NotFound("There is no standard of this hash.")
        return activation_by(change) or _activate(row, actor=actor, now=now, change=change)


def _activate(row: StandardVersion, *, actor: Actor, now: datetime, change: str = "") -> Activation:
    # Of two activations at once, the second one waits here, and then sees what the first one did.
    wait_for_turn(STANDARD_IN_FORCE)
    # Declaring a role locks it; in one order, so that it waits for nobody who waits for it.
    for role in sorted(standard_by_hash(row.content_hash).roles, key=lambda one: one.id):
        role_declare(actor=PORTAL, now=now, slug=role.id, title=role.title, kind=role.kind)
    newest = Activation.objects.select_related("standard").order_by("-id").first()
    if newest is not None and newest.standard_id == row.pk and not change:
        return newest
    activation = Activation.objects.create(
        standard=row,
        activated_at=now,
        activated_by_kind=actor.kind.value,
        activated_by_id=actor.id,
        change=change or None,
    )
    facts = {
        "name": row.name,
        "version": row.version,
        "hash": row.content_hash,
        "previous": newest.standard.content_hash if newest else "",
        **({"change": change} if change else {}),
    }
    audit_record(
        actor=actor,
        now=now,
        action="standard.activated",
        object_kind="standard",
        object_key=row.name,
        data={key: value for key, value in facts.items() if key != "name"},
    )
    outbox_put(now=now, topic=TOPIC, payload=facts, key=row.content_hash)
    standard_review_changed(actor, now)
    return activation
