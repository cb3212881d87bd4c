"""Standard changes, opened from a template that a board has approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from changes.models import Change
from changes.services.deployment_fields import Asked
from changes.services.drafts import change_create
from changes.services.submission import change_submit
from opsportal.core.actor import Actor
from opsportal.core.writes import write


def change_open(
    *, actor: Actor, now: datetime, template: str, targets: Sequence[tuple[str, str]], title: str = ""
) -> Change:
    """Open a standard change from the template of this slug and submit it; return it.

    `targets` are (service, environment) slugs, each named by the template. Where the standard asks for
    no further stage it is approved at once. Raises what `change_create` and `change_submit` raise.
    """
    fields = {"type": "standard", "template": template, "targets": list(targets)}
    with write(actor=actor, now=now):
        change = change_create(actor=actor, now=now, fields=fields | ({"title": title} if title else {}))
        return change_submit(actor=actor, now=now, pk=change.pk)


def change_open_for_pipeline(*, actor: Actor, now: datetime, template: str, asked: Asked) -> Change:
    """Open the standard change that a registration needs, for its service and environment only.

    A token that may register deployments need not be allowed to write changes: it opens exactly what
    a board has approved beforehand, and nothing else. Raises as `change_open`.
    """
    opener = Actor.service_account(actor.id, actor.scopes | {"changes:write"})
    return change_open(actor=opener, now=now, template=template, targets=[(asked.service, asked.environment)])
