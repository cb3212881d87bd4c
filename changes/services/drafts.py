"""Writing changes: making a draft, and revising it, which voids what was approved before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from changes.facts import uses_approved_template
from changes.models import Change, ChangeTarget, ChangeTemplate, TemplateTarget
from changes.services.content import content_of
from changes.services.events import happened, record
from changes.services.fields import FROM_TEMPLATE, Cleaned, check_window, clean_fields
from changes.services.rounds import let_go
from changes.services.scene import Scene, scene_locked
from changes.states import CHANGE
from opsportal.accounts.models import User
from opsportal.accounts.services import clean_colleague
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, Forbidden, InvalidInput
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def change_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any], requester: str = "") -> Change:
    """Make a draft and return it. `fields` as in `clean_fields`; `title` and `type` are needed.

    A person requests what they write themselves. A service account names the person on whose behalf it
    writes as `requester` (id or e-mail address), or an approved template, for which its author answers:
    so there is always somebody who may not approve it. A template gives title and description where they
    are left out, type `standard` likewise, and fixes risk, plan and rollback plan. Raises `InvalidInput`
    and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "change.create")
        cleaned = clean_fields(fields)
        change = Change(
            requester=_requester(actor, requester, cleaned.columns.get("template")),
            author_ids=[actor.id],
            state=CHANGE.initial,
            created_at=now,
            updated_at=now,
        )
        _apply(change, cleaned)
        targets = [
            ChangeTarget(change=change, service=service, environment=environment)
            for service, environment in cleaned.targets_after(())
        ]
        _check(change, targets, cleaned, now)
        change.content_hash = content_of(change, targets).hash
        change.save(force_insert=True)
        for target in targets:
            target.change = change  # now that it has a key
            target.save(force_insert=True)
        record(Scene(change, tuple(targets)), actor=actor, now=now, action="created")
        return change


def change_revise(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Change:
    """Write `fields` (as in `clean_fields`) into a change and return it.

    In review, approved, scheduled or rejected, any difference but in tags makes it a draft again: next
    revision, all votes void, in the same transaction. What is the same already changes nothing. Raises
    `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` from the implementation on.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change, before, tags = scene.change, scene.content, list(scene.change.tags)
        scene.require(actor, "edit", now)
        require_version(change, version)
        cleaned = clean_fields(fields)
        _apply(change, cleaned)
        targets = _targets_after(scene, cleaned)
        after = content_of(change, targets)
        if after == before:
            if change.tags != tags:
                scene.save(now)
                record(scene, actor=actor, now=now, action="tagged")
            return change
        state, was_draft = CHANGE.move(change.state, "revise"), change.state == CHANGE.initial
        _check(change, targets, cleaned, now)
        if not was_draft:
            let_go(scene, actor=actor, now=now)
            change.revision += 1
            change.submitted_at = change.decided_at = None
            change.standard_hash = ""
        change.state = state
        change.content_hash = after.hash
        if actor.id not in change.author_ids:
            change.author_ids = [*change.author_ids, actor.id]
        _save_targets(scene, targets)
        scene.save(now)
        if was_draft:
            record(scene, actor=actor, now=now, action="edited")
        else:
            happened(scene, actor=actor, now=now, event="revised")
        return change


def _requester(actor: Actor, named: str, template: ChangeTemplate | None) -> User | None:
    if actor.is_user:
        person = clean_colleague("requester", named or actor.id)
        if person is None or str(person.pk) != actor.id:
            raise Forbidden("You request your own changes; only a service account names somebody else.")
        return person
    person = clean_colleague("requester", named)
    if person is None and template is None:
        raise InvalidInput.of(
            "requester", "required", "A service account names the person who requests it, or a template."
        )
    return person


def _apply(change: Change, cleaned: Cleaned) -> None:
    values = dict(cleaned.columns)
    if "template" in values:
        _take_template(change, values.pop("template"))
    if change.template is not None:
        fixed = [
            name for name in FROM_TEMPLATE if values.get(name, getattr(change, name)) != getattr(change, name)
        ]
        if fixed:
            raise InvalidInput(
                FieldError(
                    f"/{name}", "from_template", "The template fixes this: its board approved just that."
                )
                for name in fixed
            )
    for name, value in values.items():
        setattr(change, name, value)


def _take_template(change: Change, template: ChangeTemplate | None) -> None:
    change.template = template
    change.template_hash = template.content_hash if template else ""
    if template is not None:
        change.type = change.type or Change.Type.STANDARD
        change.title = change.title or template.title
        change.description = change.description or template.description
        for name in FROM_TEMPLATE:
            setattr(change, name, getattr(template, name))


def _targets_after(scene: Scene, cleaned: Cleaned) -> list[ChangeTarget]:
    """Return what it names afterwards: rows that stay, and new ones that are not saved yet."""
    standing = {(row.service, row.environment): row for row in scene.targets}
    return [
        standing.get(pair) or ChangeTarget(change=scene.change, service=pair[0], environment=pair[1])
        for pair in cleaned.targets_after(list(standing))
    ]


def _save_targets(scene: Scene, targets: list[ChangeTarget]) -> None:
    for row in scene.targets:
        if row not in targets:
            row.delete()
    for row in targets:
        if row._state.adding:
            row.save(force_insert=True)
    scene.targets = tuple(targets)


def _check(change: Change, targets: Collection[ChangeTarget], cleaned: Cleaned, now: datetime) -> None:
    missing = [name for name in ("type", "title") if not getattr(change, name)]
    if missing:
        raise InvalidInput(FieldError(f"/{name}", "required", "This is needed.") for name in missing)
    check_window(change.window_start, change.window_end)
    _refuse_half_a_place(targets, cleaned)
    if change.template is None:
        if change.requester is None:
            raise InvalidInput.of(
                "template", "required", "Nobody requested this; only its template answers for it."
            )
        return
    if "template" in cleaned.columns and not uses_approved_template(change, now):
        raise InvalidInput.of("template", "not_approved", "This template is not approved now.")
    places = set(
        TemplateTarget.objects.filter(template=change.template).values_list("service_id", "environment_id")
    )
    if change.activates:
        raise InvalidInput.of(
            "activates", "not_in_template", "No template is approved for this: raise a normal change."
        )
    outside = [row for row in targets if (row.service_id, row.environment_id) not in places]
    if outside:
        names = ", ".join(f"{row.service.slug} in {row.environment.slug}" for row in outside)
        raise InvalidInput.of("targets", "not_in_template", f"The template is not approved for {names}.")


def _refuse_half_a_place(targets: Collection[ChangeTarget], cleaned: Cleaned) -> None:
    """Services without environments, or the other way round, would be lost without a word."""
    if targets:
        return
    if cleaned.services:
        raise InvalidInput.of("environments", "required", "Name the environments of these services, too.")
    if cleaned.environments:
        raise InvalidInput.of("services", "required", "Name the services in these environments, too.")
