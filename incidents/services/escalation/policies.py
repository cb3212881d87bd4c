"""Writing escalation policies, and giving services theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from incidents.escalating import Plan, Target
from incidents.escalation_form import data_of, plan_of
from incidents.models import EscalationPolicy, Schedule, ServicePolicy
from incidents.selectors.escalation import policy_by_slug
from incidents.states import POLICY
from opsportal.accounts.models import Role
from opsportal.accounts.selectors import colleagues, workers
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.catalog.selectors import services_named
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.notify.models import ChannelTarget

KIND = "escalation_policy"


def escalation_policy_create(
    *, actor: Actor, now: datetime, slug: object, name: object, plan: object, description: object = ""
) -> EscalationPolicy:
    """Write a policy and return it. `plan` is in the form of `incidents.escalation_form`.

    Raises `InvalidInput` (also for a schedule, role, person or channel that there is not), `Forbidden`, and
    `Conflict` with code `exists` where the slug is taken.
    """
    with write(actor=actor, now=now):
        require(actor, "escalation_policy.write")
        policy = EscalationPolicy(
            slug=clean_slug(slug, field="slug"),
            created_at=now,
            updated_at=now,
            **_cleaned(name, description, plan),
        )
        if EscalationPolicy.objects.filter(slug=policy.slug).exists():
            raise Conflict("There is a policy of this name already.", code="exists")
        policy.save(force_insert=True)
        _record(policy, "created", actor=actor, now=now)
        return policy


def escalation_policy_edit(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> EscalationPolicy:
    """Change `name`, `description` or `plan` of a policy, and return it; unchanged, nothing is written.

    Incidents that are open go on under what they copied. Raises as `escalation_policy_create`, and
    `NotFound`, `Stale`.
    """
    with write(actor=actor, now=now):
        policy = _locked(slug)
        require(actor, "escalation_policy.write")
        require_version(policy, version)
        wanted = _cleaned(
            fields.get("name", policy.name),
            fields.get("description", policy.description),
            fields.get("plan", policy.plan),
        )
        changed = [name for name, value in wanted.items() if getattr(policy, name) != value]
        if changed:
            for name, value in wanted.items():
                setattr(policy, name, value)
            _save(policy, now)
            _record(policy, "edited", actor=actor, now=now, data={"fields": sorted(changed)})
        return policy


def escalation_policy_retire(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> EscalationPolicy:
    """Take a policy out of use and return it: new incidents run under the standard's matrix instead.

    Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    return _move(slug, "retire", "retired", actor=actor, now=now, version=version)


def escalation_policy_reinstate(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> EscalationPolicy:
    """Put a retired policy in use again, and return it. Raises as `escalation_policy_retire`."""
    return _move(slug, "reinstate", "reinstated", actor=actor, now=now, version=version)


def service_policy_set(*, actor: Actor, now: datetime, service: str, policy: str) -> None:
    """Give a service (its slug) its policy (its slug), or take it with `""`.

    Raises `InvalidInput` for an unknown one, and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "escalation_policy.write")
        found = services_named([service]).get(service)
        if found is None:
            raise InvalidInput.of("service", "unknown", "There is no such service.")
        wanted = EscalationPolicy.objects.filter(slug=policy, state="active").first() if policy else None
        if policy and wanted is None:
            raise InvalidInput.of("policy", "unknown", "There is no such policy in use.")
        row = ServicePolicy.objects.select_for_update().filter(service=found).first()
        if (row.policy if row else None) == wanted:
            return
        if wanted is None and row is not None:
            row.delete()
        elif wanted is not None:
            row = row or ServicePolicy(service=found)
            row.policy = wanted
            row.save()
        audit_record(
            actor=actor,
            now=now,
            action="escalation_policy.assigned",
            object_kind="service",
            object_key=found.slug,
            data={"policy": policy},
        )


def _move(
    slug: str, verb: str, event: str, *, actor: Actor, now: datetime, version: int | None
) -> EscalationPolicy:
    with write(actor=actor, now=now):
        policy = _locked(slug)
        require(actor, "escalation_policy.write")
        require_version(policy, version)
        policy.state = POLICY.move(policy.state, verb)
        _save(policy, now)
        _record(policy, event, actor=actor, now=now)
        return policy


def _cleaned(name: object, description: object, plan: object) -> dict[str, Any]:
    try:
        read = plan_of(_with_ids(plan))  # type: ignore[arg-type]  # it says itself what is no object
    except InvalidInput as refusal:
        raise InvalidInput(
            FieldError(f"/plan{one.pointer}", one.code, one.detail) for one in refusal.errors
        ) from None
    check_targets(read)
    return {
        "name": clean_text(name, field="name", max_length=120, required=True, lines=False),
        "description": clean_text(description, field="description", max_length=2_000),
        "plan": data_of(read),
    }


def _with_ids(plan: object) -> object:
    """Return the plan as it was sent, with the id of each active person who is named by their address.

    Whatever has another form than a plan is left as it is. One query where an address is named.
    """
    if not isinstance(plan, Mapping):
        return plan
    steps = plan.get("steps")
    lists = (
        [step.get("targets") for step in steps if isinstance(step, Mapping)]
        if isinstance(steps, list)
        else []
    )
    targets = [
        one
        for each in (*lists, plan.get("fallback"))
        if isinstance(each, list)
        for one in each
        if isinstance(one, Mapping) and one.get("kind") == "person" and "@" in str(one.get("key", ""))
    ]
    if not targets:
        return plan
    addresses = {str(one["key"]).strip().lower() for one in targets}
    rows = colleagues().filter(email__in=addresses).values_list("email", "pk")
    return _renamed(plan, {address: str(pk) for address, pk in rows})


def _renamed(data: Any, found: Mapping[str, str]) -> Any:
    """Return plain data with the keys of people named by address replaced, wherever they stand."""
    if isinstance(data, list):
        return [_renamed(one, found) for one in data]
    if not isinstance(data, Mapping):
        return data
    if data.get("kind") == "person" and isinstance(data.get("key"), str):
        return {**data, "key": found.get(data["key"].strip().lower(), data["key"])}
    return {name: _renamed(value, found) for name, value in data.items()}


def step_faults(step: Mapping[str, Any], *, first: bool) -> list[str]:
    """Return what is wrong with one step of a plan by itself, in words: how it is made, and whom it names.

    A step that is not the `first` one has to wait.
    """
    steps = [step] if first else [{"wait": 0, "targets": [{"kind": "administrators"}]}, step]
    try:
        check_targets(plan_of({"steps": steps}))
    except InvalidInput as refusal:
        return list(dict.fromkeys(error.detail for error in refusal.errors))
    return []


def check_targets(plan: Plan) -> None:
    """Raise `InvalidInput` where a plan names somebody or something that there is not."""
    lines = [(f"/plan/steps/{n}/targets", step.targets) for n, step in enumerate(plan.steps)]
    lines.append(("/plan/fallback", plan.fallback))
    known = _known([target for _, targets in lines for target in targets])
    wrong = [
        FieldError(f"{place}/{n}/key", "unknown", f"There is no such {target.kind}: {target.key[:60]}.")
        for place, targets in lines
        for n, target in enumerate(targets)
        if target.key and (target.kind, target.key) not in known
    ]
    if wrong:
        raise InvalidInput(wrong)


def _known(targets: Iterable[Target]) -> set[tuple[str, str]]:
    keys: dict[str, list[str]] = {}
    for target in targets:
        keys.setdefault(target.kind, []).append(target.key)
    people = workers().filter(pk__in=keys.get("person", ()))
    channels = [*keys.get("channel", ()), *keys.get("webhook", ())]
    targets_on = set(
        ChannelTarget.objects.filter(slug__in=channels, state="on").values_list("slug", flat=True)
    )
    schedules = Schedule.objects.filter(slug__in=keys.get("schedule", ()), state="active")
    roles = Role.objects.filter(slug__in=keys.get("role", ()))
    return {
        *(("person", str(pk)) for pk in people.values_list("pk", flat=True)),
        *(("schedule", slug) for slug in schedules.values_list("slug", flat=True)),
        *(("role", slug) for slug in roles.values_list("slug", flat=True)),
        *((kind, slug) for kind in ("channel", "webhook") for slug in targets_on),
    }


def _locked(slug: str) -> EscalationPolicy:
    policy_by_slug(slug)
    return EscalationPolicy.objects.select_for_update().get(slug=slug)


def _save(policy: EscalationPolicy, now: datetime) -> None:
    policy.version += 1
    policy.updated_at = now
    policy.save()


def _record(
    policy: EscalationPolicy, event: str, *, actor: Actor, now: datetime, data: dict[str, JSON] | None = None
) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"{KIND}.{event}",
        object_kind=KIND,
        object_key=policy.slug,
        data={"version": policy.version, **(data or {})},
    )
