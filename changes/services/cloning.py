"""A new draft from a change that stands: what it says is copied, what was decided about it is not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from changes.models import Change, ChangeTarget, TemplateTarget
from changes.services.drafts import change_create
from changes.services.events import record
from changes.services.fields import FROM_TEMPLATE, MAX_TAGS, TEXT_LENGTHS
from changes.services.scene import Scene, targets_of
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.writes import write

CLONED_FROM = "cloned from "
# The evidence is that of another run: whoever repeats a change shows its tests anew.
_COPIED = tuple(name for name in TEXT_LENGTHS if name != "test_evidence")


def change_clone(*, actor: Actor, now: datetime, pk: int, requester: str = "") -> Change:
    """Copy a change in any state into a new draft of `actor`'s, and return that.

    Copied are type, texts, risk, what is touched, implementer, template and tags; not votes, window, test
    evidence, review or attachments. What has gone since is left out: services that are retired, a person
    who left, a template that is not approved any more. The tag "cloned from CHG-1042" leads back.
    A service account names its `requester` as in `change_create`. Raises `NotFound`, `Forbidden` and
    `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "change.create")
        original = Change.objects.select_related("implementer", "template").filter(pk=pk).first()
        if original is None:
            raise NotFound("There is no such change.")
        fields = _fields(original, targets_of(original), now)
        change = change_create(actor=actor, now=now, fields=fields, requester=requester)
        scene = Scene(change, targets_of(change))
        record(scene, actor=actor, now=now, action="cloned", data={"from": original.key})
        return change


def _fields(original: Change, targets: Collection[ChangeTarget], now: datetime) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(original, name) for name in _COPIED}
    fields |= {"type": original.type, "risk": original.risk, "tags": _tags(original)}
    if original.implementer is not None and original.implementer.is_active:
        fields["implementer"] = str(original.implementer_id)
    usable = [row for row in targets if row.service.state == "active"]
    template = original.template
    if template is not None and template.state == "approved" and not _is_over(template.valid_until, now):
        fields["template"] = template.slug
        # What the template fixes comes from the template as its board approved it last.
        fields = {name: value for name, value in fields.items() if name not in FROM_TEMPLATE}
        places = set(
            TemplateTarget.objects.filter(template=template).values_list("service_id", "environment_id")
        )
        usable = [row for row in usable if (row.service_id, row.environment_id) in places]
    fields["targets"] = [(row.service.slug, row.environment.slug) for row in usable]
    return fields


def _is_over(valid_until: Any, now: datetime) -> bool:
    return valid_until is not None and valid_until < now.astimezone(UTC).date()


def _tags(original: Change) -> list[str]:
    own = [tag for tag in original.tags if not tag.startswith(CLONED_FROM)]
    return [*own[: MAX_TAGS - 1], f"{CLONED_FROM}{original.key}"]
