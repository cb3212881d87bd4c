"""Putting a standard in force: the implementing step of an approved change that names it."""

from __future__ import annotations

from datetime import datetime

from changes.models import Change
from changes.models.changes import PREFIX
from changes.services.events import record
from changes.services.reasons import refuse
from changes.services.scene import KIND, Scene, scene_locked
from opsportal.approvals.models import ApprovalRequest
from opsportal.approvals.selectors import approved_alone, approvers_of, live_request
from opsportal.audit.canonical import JSON
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, NotFound, Reason
from opsportal.core.keys import number_of
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.standards.selectors import activation_by, standard_by_hash
from opsportal.standards.services import standard_activate_by_change

RULE = "portal.standard-activation"


def change_activate_standard(
    *, actor: Actor, now: datetime, pk: int, version: int | None = None, name: str = ""
) -> Change:
    """Put in force the standard that the change names, and return the change.

    By whoever carries it out, while it is carried out, and only as it was approved; `name` is checked
    where it is given. Done already by this change, nothing happens. Where the standard in force asks
    nobody to approve such a change, only an administrator may. Raises `NotFound`, `Forbidden` (also for
    its only approver), `Stale`, `Conflict` with code `names_no_standard`, `other_standard` or `held`,
    `IllegalMove` in every state but `implementing`, and `RuleRefused`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "activate_standard", now)
        _refuse_other(change, name)
        if activation_by(change.key) is not None:
            return change
        require_version(change, version)
        if change.state != "implementing":
            raise IllegalMove("A standard is put in force while its change is carried out. Start it first.")
        if change.held_at is not None:
            raise Conflict("This change is held. Have it released first.", code="held")
        request = live_request(KIND, scene.key)
        refuse(_approval_reasons(scene, request))
        _require_somebody_else(actor, request)
        activation = standard_activate_by_change(
            actor=actor, now=now, content_hash=change.activates, change=scene.key
        )
        scene.save(now)
        about: dict[str, JSON] = {"standard": change.activates, "activation": activation.pk}
        record(scene, actor=actor, now=now, action="standard_activated", data=about)
        return change


def change_activate_named(actor: Actor, now: datetime, key: str, name: str) -> None:
    """Put in force the standard `name` for the change of this key, as the port `activate_by_change` calls it.

    Raises what `change_activate_standard` raises.
    """
    number = number_of(key, PREFIX)
    if number is None:
        raise NotFound(f"'{key[:30]}' is no key of a change, such as {PREFIX}-42.")
    change_activate_standard(actor=actor, now=now, pk=number, name=name)


def activation_reasons(change: Change) -> list[Reason]:
    """Return why the change is not carried out yet, as far as the standard goes that it names."""
    if not change.activates or activation_by(change.key) is not None:
        return []
    return [
        Reason(
            "standard_not_in_force",
            RULE,
            "The standard that it names is not in force yet. Put it in force first, or report a failure.",
        )
    ]


def _refuse_other(change: Change, name: str) -> None:
    if not change.activates:
        raise Conflict("This change names no standard to put in force.", code="names_no_standard")
    named = standard_by_hash(change.activates)
    if name and name not in {named.name, named.content_hash}:
        raise Conflict(
            f"{change.key} names the standard {named.name} {named.version}, not '{name[:60]}'.",
            code="other_standard",
        )


def _approval_reasons(scene: Scene, request: ApprovalRequest | None) -> list[Reason]:
    if request is None or request.state != "approved":
        words = "It is not approved yet. A standard is never put in force ahead of the votes."
        return [Reason("approval_missing", RULE, words)]
    if request.content_hash != scene.content.hash:
        return [Reason("content_changed", RULE, "It is not what was approved. Raise it again.")]
    return []


def _require_somebody_else(actor: Actor, request: ApprovalRequest | None) -> None:
    if request is not None and approved_alone(request, actor.id):
        raise Forbidden("You are the only one who approved this change: somebody else has to carry it out.")
    is_asked = request is not None and bool(approvers_of(request))
    if not is_asked and not (actor.is_system or actor.is_staff):
        raise Forbidden(
            "The standard in force asked nobody to approve this change: only an administrator may put"
            " another one in force by it."
        )
