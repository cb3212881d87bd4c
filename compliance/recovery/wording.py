"""Spans of time and sizes as people read them. Pure."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def spoken(span: timedelta | None) -> str:
    """Return a span by its two largest units, `1 d 2 h`, `0 s` for none at all, and `""` where it is None."""
    if span is None:
        return ""
    seconds = round(span.total_seconds())
    if seconds < 0:
        return f"-{spoken(-span)}"
    parts: list[str] = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break  # 1 d 0 h 5 min reads as 1 d
        if len(parts) == 2:
            break
    return " ".join(parts)


def sized(count: int | None) -> str:
    """Return bytes as `1.5 GB` (powers of 1,000), `""` where nobody said."""
    if count is None:
        return ""
    value, power = float(count), 0
    while value >= 999.5 and power < len(_SIZES) - 1:
        value, power = value / 1_000, power + 1
    return f"{value:.0f} {_SIZES[power]}" if power == 0 or value >= 100 else f"{value:.1f} {_SIZES[power]}"
