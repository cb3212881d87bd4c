"""Units of figures, and what they are of each other. Pure; factors are exact decimals.

A unit belongs to one dimension. Within it values are converted, across dimensions they are refused: a number
in milliseconds is no number of percent, whatever it looks like. Currencies are dimensions of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from types import MappingProxyType

EXACT = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `factor` of it makes one of the first unit of its dimension. `sign` is how it is written."""

    name: str
    dimension: str
    factor: Decimal
    sign: str


class UnitError(ValueError):
    """A unit that nobody knows, or of another dimension. `code` is `unknown_unit` or `unit_mismatch`."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def _units() -> dict[str, Unit]:
    tables: dict[str, list[tuple[str, str, str]]] = {
        "time": [
            ("s", "1", "s"),
            ("ms", "0.001", "ms"),
            ("us", "0.000001", "µs"),
            ("ns", "0.000000001", "ns"),
            ("min", "60", "min"),
            ("h", "3600", "h"),
            ("d", "86400", "d"),
        ],
        "share": [
            ("share", "1", ""),
            ("percent", "0.01", "%"),
            ("permille", "0.001", "‰"),
            ("ppm", "0.000001", "ppm"),
        ],
        "data": [
            ("B", "1", "B"),
            ("kB", "1000", "kB"),
            ("MB", "1000000", "MB"),
            ("GB", "1000000000", "GB"),
            ("TB", "1000000000000", "TB"),
            ("KiB", "1024", "KiB"),
            ("MiB", "1048576", "MiB"),
            ("GiB", "1073741824", "GiB"),
            ("TiB", "1099511627776", "TiB"),
        ],
        "rate": [
            ("per_second", "86400", "/s"),
            ("per_minute", "1440", "/min"),
            ("per_hour", "24", "/h"),
            ("per_day", "1", "/d"),
        ],
        "count": [("count", "1", "")],
        "cores": [("cores", "1", "cores"), ("millicores", "0.001", "mcores")],
    }
    found = {
        name: Unit(name, dimension, Decimal(factor), sign)
        for dimension, rows in tables.items()
        for name, factor, sign in rows
    }
    for currency in ("USD", "EUR", "GBP", "CHF", "JPY"):
        found[currency] = Unit(currency, currency, Decimal(1), currency)
    return found


UNITS: Mapping[str, Unit] = MappingProxyType(_units())
OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "%": "percent",
        "percentage": "percent",
        "ratio": "share",
        "fraction": "share",
        "seconds": "s",
        "milliseconds": "ms",
        "minutes": "min",
        "hours": "h",
        "days": "d",
        "bytes": "B",
        "req/s": "per_second",
        "requests/s": "per_second",
        "rps": "per_second",
        "tps": "per_second",
        "1/s": "per_second",
        "$": "USD",
        "€": "EUR",
        "£": "GBP",
        "": "count",
    }
)


def unit_of(name: str) -> Unit:
    """Return the unit of this name, or of another name of it. Raises `UnitError` for any other."""
    found = UNITS.get(name) or UNITS.get(OTHER_NAMES.get(name, ""))
    if found is None:
        raise UnitError("unknown_unit", f"There is no unit {name[:40]!r}; known are: {', '.join(UNITS)}.")
    return found


def factor_between(source: str, target: str) -> Decimal:
    """Return what a value in `source` is multiplied by to be one in `target`.

    A unit that a pack made up is only itself. Raises `UnitError`: `unknown_unit`, or `unit_mismatch` where
    they are of different dimensions.
    """
    if source == target:
        return Decimal(1)
    given, wanted = unit_of(source), unit_of(target)
    if given.dimension != wanted.dimension:
        raise UnitError("unit_mismatch", f"{given.name} cannot be converted to {wanted.name}.")
    return EXACT.divide(given.factor, wanted.factor)


def convert(value: Decimal, source: str, target: str) -> Decimal:
    """Return `value` in another unit of its dimension. Raises `UnitError`."""
    if source == target:
        return value
    given, wanted = unit_of(source), unit_of(target)
    if given.dimension != wanted.dimension:
        raise UnitError("unit_mismatch", f"{given.name} cannot be converted to {wanted.name}.")
    return EXACT.divide(EXACT.multiply(value, given.factor), wanted.factor)


def decimal_of(value: float) -> Decimal:
    """Return a stored double as the shortest decimal that means it: 0.1 is 0.1, not 0.1000000000000000055."""
    return Decimal(repr(float(value)))


def text_of(value: Decimal | float | None, unit: str = "", digits: int = 6) -> str:
    """Return a value as people read it, with the sign of its unit; `–` where there is none.

    At most `digits` significant digits, and never so few that 99.995 becomes 100.
    """
    if value is None:
        return "–"
    exact = decimal_of(value) if isinstance(value, float) else Decimal(value)
    rounded = Context(prec=digits).plus(exact) if exact else exact
    words = f"{rounded.normalize():f}" if rounded else "0"
    known = UNITS.get(unit)
    sign = known.sign if known else unit
    return f"{words} {sign}".strip()
