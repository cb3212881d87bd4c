"""What people and machines write of objectives, budgets, plans and sources, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from compliance.measuring.batch import MOST_COMPONENT
from compliance.measuring.capacity import points_problem
from compliance.measuring.units import UnitError, unit_of
from compliance.measuring.windows import WindowError, window_of
from compliance.selectors.measures.figures import known_figures
from opsportal.catalog.models import Service
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_slug, clean_text

Cleaner = Callable[[Any], Any]


def clean(fields: Mapping[str, Any], cleaners: Mapping[str, Cleaner]) -> dict[str, Any]:
    """Return the fields as they are stored. Raises `InvalidInput` with one error for each wrong one."""
    cleaned: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        try:
            if name not in cleaners:
                raise InvalidInput.of(name, "unknown", f"Known are: {', '.join(cleaners)}.")
            cleaned[name] = cleaners[name](value)
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise InvalidInput(errors)
    return cleaned


def text(name: str, most: int, *, required: bool = False, lines: bool = False) -> Cleaner:
    """Return the cleaner of a text."""
    return lambda value: clean_text(value, field=name, max_length=most, required=required, lines=lines)


def service(value: Any) -> Service | None:
    """Return the service with this slug; None of `""`, which is the organisation."""
    slug = clean_text(value or "", field="service", max_length=60, lines=False)
    if not slug:
        return None
    found = Service.objects.filter(slug=slug).first()
    if found is None:
        raise InvalidInput.of("service", "unknown", "There is no such service.")
    return found


def component(value: Any) -> str:
    """Return the slug of a component, `""` of the whole."""
    given = clean_text(value or "", field="component", max_length=MOST_COMPONENT, lines=False)
    return clean_slug(given, field="component", max_length=MOST_COMPONENT) if given else ""


def needed_component(value: Any) -> str:
    """Return the slug of a component, which must be named."""
    return clean_slug(value, field="component", max_length=MOST_COMPONENT)


def figure(value: Any) -> str:
    """Return the id of a figure that the standard in force declares, or the portal computes."""
    name = clean_text(value, field="figure", max_length=60, required=True, lines=False)
    if name not in known_figures():
        raise InvalidInput.of("figure", "unknown_figure", "The standard in force knows no such figure.")
    return name


def share_figure(value: Any) -> str:
    """Return the id of a figure that is a share, of which so much must be good."""
    name = figure(value)
    if dimension_of(name) != "share":
        raise InvalidInput.of("figure", "not_a_share", "An objective is of a figure in percent.")
    return name


def dimension_of(name: str) -> str:
    """Return the dimension of a figure's unit, `""` where it is none that is known."""
    known = known_figures().get(name)
    try:
        return unit_of(known.unit).dimension if known else ""
    except UnitError:
        return ""


def unit(value: Any) -> str:
    """Return the name of a unit, `""` for that of the figure."""
    name = clean_text(value or "", field="unit", max_length=20, lines=False)
    try:
        return unit_of(name).name if name else ""
    except UnitError as error:
        raise InvalidInput.of("unit", error.code, str(error)) from None


def window(value: Any) -> str:
    """Return a window by its convention: `30d`, `30.42d`, `month`."""
    given = clean_text(value, field="window", max_length=20, required=True, lines=False)
    try:
        return window_of(given).text
    except WindowError as error:
        raise InvalidInput.of("window", "not_a_window", str(error)) from None


def decimal(name: str, *, least: Decimal, most: Decimal, places: int) -> Cleaner:
    """Return the cleaner of a number between two bounds, neither of them included."""

    def read(value: Any) -> Decimal:
        number = as_decimal(value, name)
        if not least < number < most:
            raise InvalidInput.of(name, "out_of_range", f"Must lie between {least} and {most}.")
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise InvalidInput.of(name, "too_exact", f"At most {places} decimal places.")
        return number

    return read


def as_decimal(value: Any, name: str) -> Decimal:
    """Return a finite number. Raises `InvalidInput`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise InvalidInput.of(name, "not_a_number", "Must be a number.")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise InvalidInput.of(name, "not_a_number", "Must be a number.") from None
    if not number.is_finite():
        raise InvalidInput.of(name, "not_finite", "Must be a number, neither NaN nor infinite.")
    return number


def optional(read: Cleaner) -> Cleaner:
    """Return the cleaner that lets None pass."""
    return lambda value: None if value is None or value == "" else read(value)


def first_of_month(name: str) -> Cleaner:
    """Return the cleaner of a month: a date, whose first day it becomes, or text such as `2026-11`."""

    def read(value: Any) -> date:
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value if len(value) > 7 else f"{value}-01")
            except ValueError:
                value = None
        if not isinstance(value, date):
            raise InvalidInput.of(name, "not_a_month", "Must be a month such as 2026-11.")
        if not 2000 <= value.year < 2200:
            raise InvalidInput.of(name, "out_of_range", "Must lie between the years 2000 and 2200.")
        return value.replace(day=1)

    return read


def projection(value: Any) -> dict[str, str]:
    """Return a projection: month (from 1) to value, as text."""
    if not isinstance(value, Mapping):
        raise InvalidInput.of("points", "not_an_object", "Must map months to values.")
    points: dict[int, Decimal] = {}
    for month, number in value.items():
        if not (str(month).isascii() and str(month).isdigit() and len(str(month)) < 4):
            raise InvalidInput.of("points", "not_a_month", "Months are whole numbers from 1 on.")
        points[int(month)] = as_decimal(number, "points")
    if problem := points_problem(points):
        raise InvalidInput.of("points", "not_a_projection", problem)
    return {str(month): f"{points[month].normalize():f}" for month in sorted(points)}
