"""Exports of Opsgenie: what its REST API (version 2) answers. Pure.

Format: `users`, `teams`, `schedules` (with `expand=rotation`), `overrides` (of each schedule, with its
`_parent`), `escalations` and `routing_rules` (of each team). The rotations of a schedule are all on call at
once; times are instants with a zone, and turns follow the clock of the schedule.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from incidents.importing.drafts import (
    Draft,
    LayerDraft,
    MatcherDraft,
    OverrideDraft,
    PersonDraft,
    PolicyDraft,
    Raw,
    RouteDraft,
    ScheduleDraft,
    StepDraft,
    StretchDraft,
    TargetDraft,
    Unit,
)
from incidents.importing.reading import (
    Unreadable,
    left_over,
    moment,
    name_of,
    objects,
    read_json,
    text_of,
    whole_number,
)
from opsportal.calendar.recurrence import clean_zone
from opsportal.core.errors import InvalidInput

SECTIONS = ("users", "teams", "schedules", "overrides", "escalations", "routing_rules")
_UNITS: dict[str, Unit] = {"hourly": "hour", "daily": "day", "weekly": "week"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DELAYS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
_KINDS: dict[str, Literal["person", "schedule", "team"]] = {
    "user": "person",
    "schedule": "schedule",
    "team": "team",
}


def read(content: bytes) -> Draft:
    """Return the draft of a file. Raises `InvalidInput` where it is no such export."""
    found = read_json(content, SECTIONS)
    draft = Draft()
    left_over(content, SECTIONS, draft)
    for raw in found["users"]:
        _safely(f"users/{_label(raw)}", draft, _person, raw)
    overrides: dict[str, list[Raw]] = {}
    for raw in found["overrides"]:
        parent = raw.get("_parent")
        ref = str(parent.get("id")) if isinstance(parent, dict) else str(raw.get("schedule", ""))
        overrides.setdefault(ref, []).append(raw)
    for raw in found["schedules"]:
        _safely(f"schedules/{_label(raw)}", draft, _schedule, raw, overrides.pop(str(raw.get("id")), []))
    for ref, rows in sorted(overrides.items()):
        draft.skip(f"overrides/{ref[:80]}", f"The file does not hold their schedule ({len(rows)} of them).")
    for raw in found["escalations"]:
        _safely(f"escalations/{_label(raw)}", draft, _policy, raw)
    for raw in found["routing_rules"]:
        _safely(f"routing_rules/{_label(raw)}", draft, _route, raw)
    return draft


def _label(raw: Raw) -> str:
    return str(raw.get("name") or raw.get("username") or raw.get("alias") or raw.get("id"))[:80]


def _safely(where: str, draft: Draft, reader: Any, raw: Raw, *more: Any) -> None:
    try:
        reader(raw, where, draft, *more)
    except Unreadable as wrong:
        draft.skip(where, str(wrong))


def _person(raw: Raw, where: str, draft: Draft) -> None:
    ref = text_of(raw, "id") or text_of(raw, "username")
    draft.people[ref] = PersonDraft(ref, text_of(raw, "fullName"), text_of(raw, "username"))


def _schedule(raw: Raw, where: str, draft: Draft, overrides: list[Raw]) -> None:
    zone = _zone(text_of(raw, "timezone") or "UTC")
    if raw.get("enabled") is False:
        draft.skip(f"{where}/enabled", "It was switched off there; here it is made as one that is used.")
    layers: list[LayerDraft] = []
    for rotation in objects(raw, "rotations"):
        place = f"{where}/rotations/{_label(rotation)}"
        try:
            layers.append(_rotation(rotation, place, zone, draft))
        except Unreadable as wrong:
            draft.skip(place, str(wrong))
    made: list[OverrideDraft] = []
    for one in overrides:
        place = f"{where}/overrides/{_label(one)}"
        try:
            made.append(_override(one, place, len(layers), draft))
        except Unreadable as wrong:
            draft.skip(place, str(wrong))
    ref = text_of(raw, "id")
    team = raw.get("ownerTeam")
    draft.schedules.append(
        ScheduleDraft(
            ref,
            name_of(raw, ref),
            zone,
            tuple(layers),
            tuple(made),
            text_of(team, "name") if isinstance(team, dict) else "",
        )
    )


def _rotation(raw: Raw, where: str, zone: str, draft: Draft) -> LayerDraft:
    kind = text_of(raw, "type")
    if kind not in _UNITS:
        raise Unreadable(f"A rotation of type “{kind[:40]}” is not known.")
    start = _local(raw, "startDate", zone)
    if start is None:
        raise Unreadable("“startDate” is missing.")
    groups: list[tuple[str, ...]] = []
    for one in objects(raw, "participants"):
        sort = text_of(one, "type")
        if sort == "user":
            groups.append((text_of(one, "id") or text_of(one, "username"),))
        else:
            groups.append(())
            if sort != "none":
                draft.skip(
                    f"{where}/participants",
                    f"A {sort[:20] or 'participant'} in a turn is not known here; nobody has that turn.",
                )
    if not any(groups):
        raise Unreadable("It names nobody.")
    return LayerDraft(
        name_of(raw, text_of(raw, "id")),
        start,
        _UNITS[kind],
        whole_number(raw, "length", least=1, most=400, default=1),
        tuple(groups),
        _stretches(raw.get("timeRestriction")),
        until=_local(raw, "endDate", zone),
    )


def _stretches(raw: object) -> tuple[StretchDraft, ...]:
    if raw is None or raw == {}:
        return ()
    if not isinstance(raw, dict):
        raise Unreadable("“timeRestriction” must be an object.")
    if raw.get("type") == "time-of-day":
        one = raw.get("restriction")
        if not isinstance(one, dict):
            raise Unreadable("“timeRestriction” has no “restriction”.")
        return (StretchDraft(_time(one, "start"), _time(one, "end")),)
    if raw.get("type") == "weekday-and-time-of-day":
        return tuple(_weekly(one) for one in objects(raw, "restrictions"))
    raise Unreadable(f"A restriction of type “{str(raw.get('type'))[:40]}” is not known.")


def _weekly(raw: Raw) -> StretchDraft:
    first, last = _weekday(text_of(raw, "startDay")), _weekday(text_of(raw, "endDay"))
    starts, ends = _time(raw, "start"), _time(raw, "end")
    if first == last and ends > starts:
        return StretchDraft(starts, ends, (first,))
    if last == (first + 1) % 7 and ends <= starts:
        return StretchDraft(starts, ends, (first,))
    return StretchDraft(starts, ends, (first,), last)


def _override(raw: Raw, where: str, rotations: int, draft: Draft) -> OverrideDraft:
    start, end = moment(text_of(raw, "startDate"), "startDate"), moment(text_of(raw, "endDate"), "endDate")
    if start.tzinfo is None or end.tzinfo is None:
        raise Unreadable("Its times name no zone.")
    if end <= start:
        raise Unreadable("It ends before it starts.")
    user = raw.get("user")
    people: tuple[str, ...] = ()
    if isinstance(user, dict) and text_of(user, "type") in {"user", ""}:
        people = (text_of(user, "id") or text_of(user, "username"),)
    elif isinstance(user, dict) and text_of(user, "type") != "none":
        raise Unreadable("Only a person can stand in here.")
    if 0 < len(objects(raw, "rotations")) < rotations:
        draft.skip(where, "It was for some rotations of the schedule; here it is for all of them.")
    return OverrideDraft(start.astimezone(UTC), end.astimezone(UTC), people)


def _policy(raw: Raw, where: str, draft: Draft) -> None:
    made: dict[timedelta, list[TargetDraft]] = {}
    for position, rule in enumerate(objects(raw, "rules")):
        place = f"{where}/rules/{position}"
        try:
            after, target = _rule(rule, place, draft)
        except Unreadable as wrong:
            draft.skip(place, str(wrong))
        else:
            made.setdefault(after, []).append(target)
    if not made:
        raise Unreadable("No rule of it tells anybody.")
    repeat = raw.get("repeat")
    repeats = whole_number(repeat, "count", least=0, most=100, default=0) if isinstance(repeat, dict) else 0
    if isinstance(repeat, dict) and repeat.get("closeAlertAfterAll"):
        draft.skip(f"{where}/repeat/closeAlertAfterAll", "Nothing is closed by itself here.")
    steps = tuple(StepDraft(after, tuple(dict.fromkeys(told))) for after, told in sorted(made.items()))
    draft.policies.append(PolicyDraft(text_of(raw, "id"), name_of(raw), steps, repeats))


def _rule(raw: Raw, where: str, draft: Draft) -> tuple[timedelta, TargetDraft]:
    delay = raw.get("delay")
    if not isinstance(delay, dict):
        raise Unreadable("“delay” must be an object.")
    unit = text_of(delay, "timeUnit") or "minutes"
    if unit not in _DELAYS:
        raise Unreadable(f"A delay in “{unit[:20]}” is not known.")
    after = whole_number(delay, "timeAmount", least=0, most=10_080) * _DELAYS[unit]
    if text_of(raw, "condition") == "if-not-closed":
        draft.skip(f"{where}/condition", "Here an escalation ends when somebody acknowledges.")
    recipient = raw.get("recipient")
    if not isinstance(recipient, dict) or text_of(recipient, "type") not in _KINDS:
        raise Unreadable("Its recipient is none that is known here.")
    notify = text_of(raw, "notifyType")
    if notify not in {"", "default", "all"}:
        draft.skip(f"{where}/notifyType", f"“{notify[:20]}” is not known here; whoever is on call is told.")
    kind = _KINDS[text_of(recipient, "type")]
    return after, TargetDraft(kind, text_of(recipient, "id") or text_of(recipient, "username"))


def _route(raw: Raw, where: str, draft: Draft) -> None:
    notify = raw.get("notify")
    if not isinstance(notify, dict) or text_of(notify, "type") != "escalation":
        raise Unreadable("It leads to no escalation; make a policy for it and a route by hand.")
    if raw.get("timeRestriction"):
        draft.skip(f"{where}/timeRestriction", "A route holds at all times here.")
    criteria = raw.get("criteria")
    kind = text_of(criteria, "type") if isinstance(criteria, dict) else "match-all"
    conditions = objects(criteria, "conditions") if isinstance(criteria, dict) else []
    ref, name, policy = text_of(raw, "id"), name_of(raw, "routing rule"), text_of(notify, "id")
    matchers = [_matcher(one) for one in conditions] if kind != "match-all" else []
    if kind == "match-any-condition":
        for position, one in enumerate(matchers, 1):
            draft.routes.append(RouteDraft(f"{ref}/{position}", f"{name} ({position})", (one,), policy))
    else:
        draft.routes.append(RouteDraft(ref, name, tuple(matchers), policy))


def _matcher(raw: Raw) -> MatcherDraft:
    field, operation = text_of(raw, "field"), text_of(raw, "operation")
    if field != "extra-properties" or operation not in {"equals", "matches"}:
        raise Unreadable(
            f"It asks whether “{field[:40]}” {operation[:40]} something; routes here ask for labels."
        )
    equal: dict[tuple[str, bool], Literal["=", "!=", "=~", "!~"]] = {
        ("equals", False): "=",
        ("equals", True): "!=",
        ("matches", False): "=~",
        ("matches", True): "!~",
    }
    label = text_of(raw, "key")
    if not label:
        raise Unreadable("A condition names no property.")
    return MatcherDraft(label, equal[operation, raw.get("not") is True], text_of(raw, "expectedValue"))


def _time(raw: Raw, name: str) -> time:
    hour = whole_number(raw, f"{name}Hour", least=0, most=24)
    minute = whole_number(raw, f"{name}Min", least=0, most=59, default=0)
    return time(hour % 24, minute)


def _local(raw: Raw, name: str, zone: str) -> datetime | None:
    text = text_of(raw, name)
    if not text:
        return None
    found = moment(text, name)
    clock = ZoneInfo(zone)
    return (found.astimezone(clock) if found.tzinfo else found).replace(tzinfo=None)


def _weekday(name: str) -> int:
    try:
        return _DAYS.index(name.lower())
    except ValueError:
        raise Unreadable(f"“{name[:20]}” is no weekday.") from None


def _zone(name: str) -> str:
    try:
        return clean_zone(name)
    except InvalidInput:
        raise Unreadable(f"“{name[:60]}” is no time zone that is known here.") from None
