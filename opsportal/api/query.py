"""Query strings, read strictly: an unknown name or a wrong value is bad input, never ignored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from rest_framework.request import Request

from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text

PAGING = frozenset({"cursor", "page_size", "ordering", "updated_since"})
MAX_TEXT = 200


class Query:
    """The parameters of one request. `names` are those that the endpoint knows besides paging.

    Each is given once at most, but those of `repeated`: of two services, one would be asked about, and
    the caller would believe that it was the other.
    """

    def __init__(
        self,
        request: Request,
        names: Collection[str] = (),
        *,
        paged: bool = True,
        repeated: Collection[str] = (),
    ) -> None:
        self._values = request.query_params
        known = set(names) | (PAGING if paged else set())
        unknown = sorted(set(self._values) - known)
        if unknown:
            words = ", ".join(sorted(known)) or "none"
            raise InvalidInput(
                FieldError(f"/{name[:60]}", "unknown", f"No such parameter; known are: {words}.")
                for name in unknown
            )
        twice = sorted(
            name for name, values in self._values.lists() if len(values) > 1 and name not in repeated
        )
        if twice:
            raise InvalidInput(FieldError(f"/{name}", "repeated", "Give this once.") for name in twice)

    def text(self, name: str, *, max_length: int = MAX_TEXT) -> str:
        """Return the parameter as text, `""` where it is absent."""
        return clean_text(self._values.get(name, ""), field=name, max_length=max_length, lines=False)

    def texts(self, name: str, *, most: int = 50) -> list[str]:
        """Return all values of a parameter that may be repeated."""
        values = self._values.getlist(name)
        if len(values) > most:
            raise InvalidInput.of(name, "too_many", f"At most {most} times.")
        return [clean_text(value, field=name, max_length=MAX_TEXT, lines=False) for value in values]

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Return the parameter where it is one of `choices`, `""` where it is absent."""
        value = self._values.get(name, "")
        if name in self._values and value not in choices:
            raise InvalidInput.of(name, "unknown", f"Must be one of: {', '.join(sorted(choices))}.")
        return value

    def flag(self, name: str) -> bool:
        """Return whether the parameter is `1` or `true`; absent, `0` and `false` are no."""
        value = self._values.get(name, "0").lower()
        if value not in {"0", "1", "true", "false"}:
            raise InvalidInput.of(name, "not_a_flag", "Must be 1 or 0.")
        return value in {"1", "true"}

    def moment(self, name: str) -> datetime | None:
        """Return the parameter as an aware instant. A time without zone is refused."""
        return _moment(self._values.get(name), name)


def asked_since(request: Request) -> datetime | None:
    """Return `updated_since` of a request as an aware instant, None where it is absent."""
    return _moment(request.query_params.get("updated_since"), "updated_since")


def _moment(value: str | None, name: str) -> datetime | None:
    # A "+" in a query string that was not encoded arrives as a blank.
    return parse_moment(value.replace(" ", "+"), field=name) if value else None


def parse_moment(text: object, *, field: str) -> datetime:
    """Return an ISO 8601 time with zone as an aware instant. Raises `InvalidInput` for anything else."""
    if not isinstance(text, str):
        raise InvalidInput.of(field, "not_a_time", "Must be a time as text, e.g. 2026-11-21T03:00:00Z.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput.of(field, "not_a_time", "Must be a time such as 2026-11-21T03:00:00Z.") from None
    return clean_moment(moment, field=field)
