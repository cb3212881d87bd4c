"""Exports of Grafana OnCall: what its public API answers. Pure.

Format: the HTTP API reference of Grafana OnCall (`users`, `schedules`, `on_call_shifts`,
`escalation_chains`, `escalation_policies`, `routes`, `teams`). Rotations there are RFC 5545 rules: each of
`rolling_users` is on call for `duration` seconds, once in every `interval` of the `frequency`, in turn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from incidents.importing.drafts import (
    Draft,
    LayerDraft,
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
    read_json,
    text_of,
    texts,
    whole_number,
)
from opsportal.calendar.recurrence import clean_zone
from opsportal.core.errors import InvalidInput

SECTIONS = (
    "users",
    "teams",
    "schedules",
    "on_call_shifts",
    "escalation_chains",
    "escalation_policies",
    "routes",
)
_DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_DAY = timedelta(days=1)
_UNITS: dict[str, tuple[Unit, timedelta]] = {
    "hourly": ("hour", timedelta(hours=1)),
    "daily": ("day", _DAY),
    "weekly": ("week", timedelta(weeks=1)),
    "monthly": ("month", timedelta(days=28)),
}
_MOST_GROUPS = 400
_LONGEST = 400 * 86_400
_NOT_HERE = {
    "notify_person_next_each_time": "Taking turns within a step is not known here; make it a schedule.",
    "notify_user_group": "A user group of Slack is not known here; name a schedule or a team.",
    "trigger_webhook": "The file holds no address; make a step with a webhook by hand.",
    "resolve": "Nothing is resolved by itself here.",
    "notify_whole_channel": "Make a step with a channel by hand.",
    "notify_if_time_from_to": "Set the policy to hold low urgency to working hours.",
    "notify_if_num_alerts_in_window": "Grouping is a matter of the routes here.",
    "declare_incident": "Each alert that is routed opens an incident here, or joins one.",
}


def read(content: bytes) -> Draft:
    """Return the draft of a file. Raises `InvalidInput` where it is no such export."""
    found = read_json(content, SECTIONS)
    draft = Draft()
    left_over(content, SECTIONS, draft)
    _people(found["users"], draft)
    teams = _teams(found["teams"], draft)
    shifts = {str(shift.get("id")): shift for shift in found["on_call_shifts"]}
    listed = [raw.get("shifts") for raw in found["schedules"]]
    used = {str(ref) for refs in listed if isinstance(refs, list) for ref in refs}
    for raw in found["schedules"]:
        where = f"schedules/{str(raw.get('name') or raw.get('id'))[:80]}"
        try:
            _schedule(raw, where, shifts, teams, draft)
        except Unreadable as wrong:
            draft.skip(where, str(wrong))
    for unused in sorted(set(shifts) - used):
        draft.skip(f"on_call_shifts/{unused[:80]}", "No schedule of the file names it.")
    _policies(found, draft)
    _routes(found["routes"], draft)
    return draft


def _people(users: list[Raw], draft: Draft) -> None:
    for raw in users:
        ref = str(raw.get("id"))
        try:
            person = PersonDraft(ref, text_of(raw, "name") or text_of(raw, "username"), text_of(raw, "email"))
        except Unreadable as wrong:
            draft.skip(f"users/{ref[:80]}", str(wrong))
        else:
            draft.people[ref] = person


def _teams(teams: list[Raw], draft: Draft) -> dict[str, str]:
    names: dict[str, str] = {}
    for raw in teams:
        ref = str(raw.get("id"))
        try:
            names[ref] = name_of(raw, ref)
        except Unreadable as wrong:
            draft.skip(f"teams/{ref[:80]}", str(wrong))
    return names


def _schedule(raw: Raw, where: str, shifts: dict[str, Raw], teams: dict[str, str], draft: Draft) -> None:
    for name in ("ical_url_primary", "ical_url_overrides"):
        if raw.get(name):
            draft.skip(
                f"{where}/{name}", "Download that calendar, and import the file in the iCalendar format."
            )
    slack = raw.get("slack")
    if isinstance(slack, dict) and any(slack.values()):
        draft.skip(f"{where}/slack", "Channels are set in the escalation policy here.")
    if raw.get("type") == "ical":
        return
    zone = _zone(text_of(raw, "time_zone") or "UTC")
    layers: list[LayerDraft] = []
    overrides: list[OverrideDraft] = []
    for ref in texts(raw, "shifts"):
        place = f"{where}/shifts/{ref[:80]}"
        try:
            if ref not in shifts:
                raise Unreadable("The file does not hold this shift.")
            made = _shift(shifts[ref], ref, zone, place, draft)
        except Unreadable as wrong:
            draft.skip(place, str(wrong))
        else:
            if isinstance(made, OverrideDraft):
                overrides.append(made)
            else:
                layers.append(made)
    ref = str(raw.get("id") or "")
    draft.schedules.append(
        ScheduleDraft(
            ref,
            name_of(raw, ref),
            zone,
            tuple(layers),
            tuple(overrides),
            teams.get(str(raw.get("team_id")), ""),
        )
    )


def _shift(raw: Raw, ref: str, zone: str, where: str, draft: Draft) -> LayerDraft | OverrideDraft:
    kind = text_of(raw, "type")
    own_zone = _zone(text_of(raw, "time_zone") or zone)
    start = _local(raw, "start", own_zone, zone)
    if start is None:
        raise Unreadable("“start” is missing.")
    length = timedelta(seconds=whole_number(raw, "duration", least=60, most=_LONGEST))
    if own_zone != zone and kind != "override":
        draft.skip(
            f"{where}/time_zone",
            f"Its clock is {own_zone}; here it follows that of the schedule ({zone}), which differs where one"
            " of both changes its clocks.",
        )
    clock = ZoneInfo(zone)
    if kind == "override":
        begins = start.replace(tzinfo=clock).astimezone(UTC)
        return OverrideDraft(begins, begins + length, texts(raw, "users"))
    until = _local(raw, "until", own_zone, zone)
    layer = LayerDraft(
        name_of(raw, ref),
        start,
        "day",
        1,
        (texts(raw, "users"),),
        priority=whole_number(raw, "level", least=0, most=99, default=0),
        valid_from=_local(raw, "rotation_start", own_zone, zone),
        until=until,
    )
    if kind == "single_event":
        ends = (start.replace(tzinfo=clock).astimezone(UTC) + length).astimezone(clock).replace(tzinfo=None)
        return replace(layer, until=ends)
    if kind not in {"rolling_users", "recurrent_event"}:
        raise Unreadable(f"A shift of type “{kind[:40]}” is not known.")
    groups = layer.groups if kind == "recurrent_event" else _groups(raw)
    return _recurring(raw, layer, groups, length)


def _groups(raw: Raw) -> tuple[tuple[str, ...], ...]:
    rolling = raw.get("rolling_users")
    if not isinstance(rolling, list) or not rolling:
        raise Unreadable("“rolling_users” names nobody.")
    groups = tuple(
        tuple(group) if isinstance(group, list) and all(isinstance(one, str) for one in group) else ()
        for group in rolling
    )
    first = whole_number(raw, "start_rotation_from_user_index", least=0, most=10_000, default=0) % len(groups)
    return groups[first:] + groups[:first]


def _recurring(
    raw: Raw, layer: LayerDraft, groups: tuple[tuple[str, ...], ...], length: timedelta
) -> LayerDraft:
    """Return the rotation of a rule: turns of units, of which some may be nobody's."""
    for name in ("by_month", "by_monthday"):
        if raw.get(name):
            raise Unreadable(f"“{name}” is not known here; make overrides for those days.")
    frequency = text_of(raw, "frequency")
    if frequency not in _UNITS:
        raise Unreadable(f"A frequency of “{frequency[:40]}” is not known.")
    unit, span = _UNITS[frequency]
    interval = whole_number(raw, "interval", least=1, most=400, default=1)
    days = tuple(sorted({_weekday(name) for name in texts(raw, "by_day")}))
    if days:
        return _on_days(raw, layer, groups, (unit, interval, length), days)
    if unit == "month":
        if length < span * interval:
            raise Unreadable("A part of a month is not known here; make overrides for those days.")
        return replace(layer, unit="month", every=interval, groups=groups)
    if length == span * interval:
        return replace(layer, unit=unit, every=interval, groups=groups)
    if length > span * interval:
        raise Unreadable("Its turns overlap: each lasts longer than until the next one begins.")
    whole, rest = divmod(length, span)
    if rest and whole:
        raise Unreadable("Turns of whole units and a part of one are not known here.")
    if rest and unit == "hour":
        raise Unreadable("A part of an hour in each turn is not known here.")
    turns = _with_nobody(groups, whole or 1, interval)
    stretches = (_stretch(layer.start, length, unit),) if rest else ()
    return replace(layer, unit=unit, every=1, groups=turns, stretches=stretches)


def _on_days(
    raw: Raw,
    layer: LayerDraft,
    groups: tuple[tuple[str, ...], ...],
    rule: tuple[Unit, int, timedelta],
    days: tuple[int, ...],
) -> LayerDraft:
    unit, interval, length = rule
    if unit not in {"day", "week"} or length > _DAY:
        raise Unreadable("“by_day” with such turns is not known here.")
    ends = (datetime.combine(layer.start.date(), layer.start.time()) + length).time()
    stretch = StretchDraft(layer.start.time(), ends, days)
    begins = layer.start
    if unit == "week":
        first = _weekday(text_of(raw, "week_start") or "SU")
        day = begins.date() - timedelta(days=(begins.weekday() - first) % 7)
        begins = datetime.combine(day, begins.time())
    return replace(
        layer,
        start=begins,
        valid_from=max(layer.valid_from or layer.start, layer.start),
        unit=unit,
        every=1,
        groups=_with_nobody(groups, 1, interval),
        stretches=(stretch,),
    )


def _with_nobody(groups: tuple[tuple[str, ...], ...], on: int, interval: int) -> tuple[tuple[str, ...], ...]:
    """Return turns of one unit each: every group has `on` of them, and nobody the rest of the interval."""
    if len(groups) * interval > _MOST_GROUPS:
        raise Unreadable("Too many turns until everybody had theirs.")
    return tuple(turn for group in groups for turn in [*([group] * on), *([()] * (interval - on))])


def _stretch(start: datetime, length: timedelta, unit: Unit) -> StretchDraft:
    end = start + length
    if unit == "day":
        return StretchDraft(start.time(), end.time())
    same = end.date() == start.date() or length <= _DAY
    return StretchDraft(start.time(), end.time(), (start.weekday(),), None if same else end.weekday())


def _policies(found: dict[str, list[Raw]], draft: Draft) -> None:
    steps: dict[str, list[Raw]] = {}
    for raw in found["escalation_policies"]:
        steps.setdefault(str(raw.get("escalation_chain_id")), []).append(raw)
    for chain in found["escalation_chains"]:
        ref = str(chain.get("id"))
        where = f"escalation_chains/{str(chain.get('name') or ref)[:80]}"
        try:
            ordered = sorted(
                steps.pop(ref, []),
                key=lambda raw: whole_number(raw, "position", least=0, most=10_000, default=0),
            )
            draft.policies.append(_policy(chain, ref, where, ordered, draft))
        except Unreadable as wrong:
            draft.skip(where, str(wrong))
    for ref in sorted(steps):
        draft.skip(f"escalation_policies/{ref[:80]}", "The file does not hold their escalation chain.")


def _policy(chain: Raw, ref: str, where: str, steps: list[Raw], draft: Draft) -> PolicyDraft:
    after, repeats = timedelta(), 0
    made: dict[timedelta, list[TargetDraft]] = {}
    for position, raw in enumerate(steps):
        place = f"{where}/{position}"
        kind = text_of(raw, "type")
        if kind == "wait":
            after += timedelta(seconds=whole_number(raw, "duration", least=0, most=7 * 86_400, default=60))
        elif kind == "repeat_escalation":
            repeats = 5  # as often as OnCall does
        elif targets := _targets(raw, kind):
            made.setdefault(after, []).extend(targets)
            if raw.get("important") is False:
                draft.skip(f"{place}/important", "Urgency follows from the incident's severity here.")
        else:
            draft.skip(place, _NOT_HERE.get(kind, f"A step of type “{kind[:40]}” is not known here."))
    if not made:
        raise Unreadable("No step of it tells anybody.")
    told = tuple(StepDraft(at, tuple(dict.fromkeys(targets))) for at, targets in sorted(made.items()))
    return PolicyDraft(ref, name_of(chain, ref), told, repeats)


def _targets(raw: Raw, kind: str) -> list[TargetDraft]:
    if kind == "notify_persons":
        return [TargetDraft("person", ref) for ref in texts(raw, "persons_to_notify")]
    name, target = {
        "notify_on_call_from_schedule": ("notify_on_call_from_schedule", "schedule"),
        "notify_team_members": ("notify_team_members", "team"),
    }.get(kind, ("", ""))
    ref = text_of(raw, name) if name else ""
    if target == "team":
        ref = ref or text_of(raw, "team_to_notify")
    kinds: dict[str, Literal["schedule", "team"]] = {"schedule": "schedule", "team": "team"}
    return [TargetDraft(kinds[target], ref)] if ref else []


def _routes(routes: list[Raw], draft: Draft) -> None:
    for raw in routes:
        ref = str(raw.get("id"))
        try:
            chain = text_of(raw, "escalation_chain_id")
            pattern = text_of(raw, "routing_regex")
        except Unreadable as wrong:
            draft.skip(f"routes/{ref[:80]}", str(wrong))
            continue
        if not chain:
            draft.skip(f"routes/{ref[:80]}", "It leads to no escalation chain.")
        elif raw.get("is_the_last_route") is True or pattern in {".*", "", "{{ True }}"}:
            draft.routes.append(RouteDraft(ref, f"All others ({ref})", (), chain))
        else:
            draft.skip(
                f"routes/{ref[:80]}",
                f"It searches the whole message for “{pattern[:120]}”; routes here ask for labels. Make one"
                " by hand.",
            )


def _local(raw: Raw, name: str, own_zone: str, zone: str) -> datetime | None:
    """Return a time on the clock of the schedule, without zone."""
    text = text_of(raw, name)
    if not text:
        return None
    found = moment(text, name)
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(own_zone))
    return found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _zone(name: str) -> str:
    try:
        return clean_zone(name)
    except InvalidInput:
        raise Unreadable(f"“{name[:60]}” is no time zone that is known here.") from None


def _weekday(name: str) -> int:
    try:
        return _DAYS[name.upper()]
    except KeyError:
        raise Unreadable(f"“{name[:20]}” is no weekday.") from None
