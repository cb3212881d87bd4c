"""Settings of a schedule from JSON data, and back. All that is wrong is told at once, by pointer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time
from typing import Any, TypeVar, cast

from incidents.oncall.layers import Layer
from incidents.oncall.restrictions import DAYS, DayStretch, Restriction, WeekStretch
from incidents.oncall.roles import PRIMARY, ROLES
from incidents.oncall.rotations import ADVANCES, UNITS, Rotation
from incidents.oncall.zones import WEEK
from opsportal.calendar.recurrence import clean_zone
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import EARLIEST, LATEST
from opsportal.core.text import clean_text

MOST_LAYERS, MOST_GROUPS, MOST_PEOPLE, MOST_RESTRICTIONS = 50, 200, 20, 20
LONGEST = {"hour": 8_784, "day": 366, "week": 104, "month": 24}
MOST_PRIORITY = 100
MAX_NAME = 60
MOST_NAMED = 2_000
MAX_ID = 254

Value = TypeVar("Value")
LayerData = dict[str, Any]


class Reader:
    """Collects what is wrong with the data, each with its pointer."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def wrong(self, pointer: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(pointer, code, detail))

    def fields(self, data: object, pointer: str, known: Sequence[str]) -> dict[str, Any] | None:
        """Return an object whose keys are all known, or None."""
        if not isinstance(data, dict):
            self.wrong(pointer, "not_an_object", "Must be an object.")
            return None
        for name in sorted(str(name) for name in data if name not in known):
            self.wrong(
                f"{pointer}/{escaped(name)}", "unknown", f"Unknown here; known are: {', '.join(known)}."
            )
        return data

    def listed(self, data: object, pointer: str, most: int) -> list[Any]:
        """Return a list with at most so many items, or an empty one."""
        if not isinstance(data, list):
            self.wrong(pointer, "not_a_list", "Must be a list.")
            return []
        if len(data) > most:
            self.wrong(pointer, "too_many", f"At most {most}; this has {len(data)}.")
            return []
        return data

    def number(self, data: object, pointer: str, least: int, most: int) -> int | None:
        if isinstance(data, bool) or not isinstance(data, int) or not least <= data <= most:
            self.wrong(pointer, "out_of_range", f"Must be a whole number from {least} to {most}.")
            return None
        return data

    def one_of(self, data: object, pointer: str, known: Sequence[str]) -> str | None:
        if not isinstance(data, str) or data not in known:
            self.wrong(pointer, "unknown", f"Must be one of: {', '.join(known)}.")
            return None
        return data

    def wall(self, data: object, pointer: str) -> datetime | None:
        """Return a wall time, to the minute and without a zone, within the years that are planned here."""
        moment = _parsed(datetime.fromisoformat, data)
        if moment is None or moment.tzinfo is not None or moment.second or moment.microsecond:
            form = "Must be a local time to the minute without a zone, e.g. 2026-11-23T09:00."
            self.wrong(pointer, "not_a_local_time", form)
            return None
        if not EARLIEST.year <= moment.year < LATEST.year:
            self.wrong(pointer, "out_of_range", "Must lie between the years 2000 and 2200.")
            return None
        return moment

    def time(self, data: object, pointer: str) -> time | None:
        """Return a time of day to the minute; 24:00 is written 00:00."""
        at = _parsed(time.fromisoformat, data)
        if at is None or at.tzinfo is not None or at.second or at.microsecond:
            self.wrong(pointer, "not_a_time", "Must be a time of day to the minute, e.g. 09:00.")
            return None
        return at

    def text(self, read: Callable[[], Value], pointer: str) -> Value | None:
        """Return what `read` returns, or None where it refuses the text."""
        try:
            return read()
        except InvalidInput as refused:
            self.errors += [FieldError(pointer, error.code, error.detail) for error in refused.errors]
            return None


def read_settings(data: object) -> tuple[str, tuple[Layer, ...], tuple[str, ...]]:
    """Return zone, layers and roles that must be covered. Raises `InvalidInput` with all that is wrong."""
    reader = Reader()
    fields = reader.fields(data, "", ("time_zone", "must_cover", "layers"))
    if fields is None:
        raise InvalidInput(reader.errors)
    zone = reader.text(lambda: clean_zone(fields.get("time_zone")), "/time_zone")
    given = reader.listed(fields.get("layers", []), "/layers", MOST_LAYERS)
    layers = [read_layer(reader, one, f"/layers/{position}") for position, one in enumerate(given)]
    _refuse_same_names(reader, layers)
    _refuse_too_many_people(reader, layers)
    roles = _read_must_cover(reader, fields, [layer for layer in layers if layer is not None])
    if reader.errors or zone is None:
        raise InvalidInput(reader.errors)
    return zone, tuple(layer for layer in layers if layer is not None), roles


def _read_must_cover(reader: Reader, fields: dict[str, Any], layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the roles that must be covered: where none are told, the primary or else whatever there is."""
    given = fields.get("must_cover")
    if given is None:
        asked = dict.fromkeys(layer.role for layer in layers)
        return (PRIMARY,) if PRIMARY in asked or not asked else tuple(asked)
    roles = [
        reader.one_of(role, f"/must_cover/{position}", ROLES)
        for position, role in enumerate(reader.listed(given, "/must_cover", len(ROLES)))
    ]
    return tuple(dict.fromkeys(role for role in roles if role is not None))


def _refuse_same_names(reader: Reader, layers: Sequence[Layer | None]) -> None:
    seen: set[str] = set()
    for position, layer in enumerate(layers):
        if layer is None:
            continue
        if layer.name.lower() in seen:
            reader.wrong(f"/layers/{position}/name", "exists", f"There is another layer {layer.name}.")
        seen.add(layer.name.lower())


def _refuse_too_many_people(reader: Reader, layers: Sequence[Layer | None]) -> None:
    places = sum(len(group) for layer in layers if layer for group in layer.rotation.groups)
    if places > MOST_NAMED:
        reader.wrong("/layers", "too_many", f"At most {MOST_NAMED} places in all turns; this has {places}.")


def read_layer(reader: Reader, data: object, pointer: str) -> Layer | None:
    """Return a layer, or None with what is wrong in `reader`."""
    names = ("name", "role", "priority", "rotation", "restrictions", "effective_from", "effective_until")
    fields = reader.fields(data, pointer, names)
    if fields is None:
        return None
    so_far = len(reader.errors)
    name = reader.text(
        lambda: clean_text(fields.get("name"), field="name", max_length=MAX_NAME, required=True, lines=False),
        f"{pointer}/name",
    )
    role = reader.one_of(fields.get("role", PRIMARY), f"{pointer}/role", ROLES)
    priority = reader.number(fields.get("priority", 1), f"{pointer}/priority", 0, MOST_PRIORITY)
    rotation = read_rotation(reader, fields.get("rotation"), f"{pointer}/rotation")
    restrictions = read_restrictions(reader, fields.get("restrictions", []), f"{pointer}/restrictions")
    begins = _optional_wall(reader, fields, "effective_from", pointer)
    ends = _optional_wall(reader, fields, "effective_until", pointer)
    if begins is not None and ends is not None and ends <= begins:
        reader.wrong(f"{pointer}/effective_until", "ends_before_start", "Must be after effective_from.")
    if rotation is not None and ends is not None and ends <= rotation.start:
        reader.wrong(f"{pointer}/effective_until", "ends_before_start", "Must be after the rotation's start.")
    if len(reader.errors) > so_far or name is None or role is None or priority is None or rotation is None:
        return None
    return Layer(name, rotation, role, priority, restrictions, begins, ends)


def _optional_wall(reader: Reader, fields: dict[str, Any], name: str, pointer: str) -> datetime | None:
    given = fields.get(name)
    return None if given is None else reader.wall(given, f"{pointer}/{name}")


def read_rotation(reader: Reader, data: object, pointer: str) -> Rotation | None:
    """Return a rotation, or None with what is wrong in `reader`."""
    fields = reader.fields(data, pointer, ("start", "unit", "every", "groups", "advance"))
    if fields is None:
        return None
    start = reader.wall(fields.get("start"), f"{pointer}/start")
    unit = reader.one_of(fields.get("unit"), f"{pointer}/unit", UNITS)
    every = reader.number(fields.get("every", 1), f"{pointer}/every", 1, LONGEST[unit or "hour"])
    advance = reader.one_of(fields.get("advance", ADVANCES[0]), f"{pointer}/advance", ADVANCES)
    if advance == "covered_days" and unit not in {None, "day"}:
        detail = "Only a rotation by days can count covered days. Choose the unit day."
        reader.wrong(f"{pointer}/advance", "contradicts", detail)
    groups = _read_groups(reader, fields.get("groups"), f"{pointer}/groups")
    if start is None or unit is None or every is None or advance is None or not groups:
        return None
    return Rotation(start, cast(Any, unit), every, groups, cast(Any, advance))


def _read_groups(reader: Reader, data: object, pointer: str) -> tuple[tuple[str, ...], ...]:
    given = reader.listed(data, pointer, MOST_GROUPS)
    if isinstance(data, list) and not data:
        reader.wrong(pointer, "required", "A rotation needs people: name at least one.")
    return tuple(read_people(reader, group, f"{pointer}/{position}") for position, group in enumerate(given))


def read_people(reader: Reader, data: object, pointer: str) -> tuple[str, ...]:
    """Return the ids of a group, in order and each once; an empty group is refused."""
    given = reader.listed(data, pointer, MOST_PEOPLE)
    if isinstance(data, list) and not data:
        reader.wrong(pointer, "required", "A turn needs somebody: name at least one person.")
    for position, person in enumerate(given):
        if not isinstance(person, str) or not 0 < len(person) <= MAX_ID:
            reader.wrong(f"{pointer}/{position}", "unknown", "Must be the id of a person.")
        elif person in given[:position]:
            reader.wrong(f"{pointer}/{position}", "twice", "This person is in the group already.")
    return tuple(person for person in given if isinstance(person, str))


def read_restrictions(reader: Reader, data: object, pointer: str) -> tuple[Restriction, ...]:
    """Return restrictions: several by time of day, or one stretch in the week; none may overlap."""
    given = reader.listed(data, pointer, MOST_RESTRICTIONS)
    so_far = len(reader.errors)
    found = [_read_restriction(reader, one, f"{pointer}/{position}") for position, one in enumerate(given)]
    restrictions = tuple(one for one in found if one is not None)
    if len(reader.errors) > so_far:
        return ()
    if len(restrictions) > 1 and any(isinstance(one, WeekStretch) for one in restrictions):
        detail = "One stretch in the week stands alone. Give it alone, or times of day."
        reader.wrong(pointer, "contradicts", detail)
        return ()
    _refuse_overlaps(reader, restrictions, pointer)
    return restrictions


def _read_restriction(reader: Reader, data: object, pointer: str) -> Restriction | None:
    if isinstance(data, dict) and ("begins_day" in data or "ends_day" in data):
        return _read_week_stretch(reader, data, pointer)
    fields = reader.fields(data, pointer, ("days", "begins", "ends"))
    if fields is None:
        return None
    given = reader.listed(fields.get("days", list(DAYS)), f"{pointer}/days", len(DAYS))
    if not given:
        reader.wrong(f"{pointer}/days", "required", "Name at least one weekday.")
    days = [reader.one_of(day, f"{pointer}/days/{at}", DAYS) for at, day in enumerate(given)]
    begins = reader.time(fields.get("begins"), f"{pointer}/begins")
    ends = reader.time(fields.get("ends"), f"{pointer}/ends")
    if begins is None or ends is None:
        return None
    return DayStretch(tuple(sorted({DAYS.index(day) for day in days if day is not None})), begins, ends)


def _read_week_stretch(reader: Reader, data: dict[str, Any], pointer: str) -> WeekStretch | None:
    reader.fields(data, pointer, ("begins_day", "begins", "ends_day", "ends"))
    begins_day = reader.one_of(data.get("begins_day"), f"{pointer}/begins_day", DAYS)
    ends_day = reader.one_of(data.get("ends_day"), f"{pointer}/ends_day", DAYS)
    begins = reader.time(data.get("begins"), f"{pointer}/begins")
    ends = reader.time(data.get("ends"), f"{pointer}/ends")
    if begins_day is None or ends_day is None or begins is None or ends is None:
        return None
    if (begins_day, begins) == (ends_day, ends):
        reader.wrong(f"{pointer}/ends", "contradicts", "That is the whole week: leave the restriction out.")
        return None
    return WeekStretch(DAYS.index(begins_day), begins, DAYS.index(ends_day), ends)


def _refuse_overlaps(reader: Reader, restrictions: Sequence[Restriction], pointer: str) -> None:
    """Tell each restriction that overlaps one before it, or itself."""
    taken: list[tuple[int, int]] = []
    for position, one in enumerate(restrictions):
        for begins, ends in one.marks:
            if any(
                begins + shift < until and since < ends + shift
                for since, until in taken
                for shift in (-WEEK, 0, WEEK)
            ):
                detail = f"{one.words} overlaps another time. Each minute of the week may be named once."
                reader.wrong(f"{pointer}/{position}", "overlaps", detail)
                break
            taken.append((begins, ends))


def layer_data(layer: Layer) -> LayerData:
    """Return a layer as JSON data, in the form that `read_layer` takes."""
    rotation = layer.rotation
    return {
        "name": layer.name,
        "role": layer.role,
        "priority": layer.priority,
        "rotation": {
            "start": _minutes(rotation.start),
            "unit": rotation.unit,
            "every": rotation.every,
            "groups": [list(group) for group in rotation.groups],
            "advance": rotation.advance,
        },
        "restrictions": [restriction_data(one) for one in layer.restrictions],
        "effective_from": layer.effective_from and _minutes(layer.effective_from),
        "effective_until": layer.effective_until and _minutes(layer.effective_until),
    }


def restriction_data(one: Restriction) -> dict[str, Any]:
    """Return a restriction as JSON data."""
    times = {"begins": f"{one.begins:%H:%M}", "ends": f"{one.ends:%H:%M}"}
    if isinstance(one, DayStretch):
        return {"days": [DAYS[day] for day in one.days], **times}
    return {"begins_day": DAYS[one.begins_day], "ends_day": DAYS[one.ends_day], **times}


def escaped(name: str) -> str:
    """Return a key as RFC 6901 writes it in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _minutes(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _parsed(parse: Callable[[str], Value], data: object) -> Value | None:
    if not isinstance(data, str):
        return None
    try:
        return parse(data)
    except ValueError:
        return None
