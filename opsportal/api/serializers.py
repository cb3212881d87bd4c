"""Bodies, read strictly: exact types, no unknown names. Rules are the services' business."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.request import Request

from opsportal.api.query import parse_moment
from opsportal.core.errors import FieldError, InvalidInput, Stale
from opsportal.core.text import clean_text

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")


class Text(serializers.Field):  # type: ignore[type-arg]
    """Text of at most `max_length` characters; numbers are not taken for text."""

    def __init__(self, *, max_length: int, lines: bool = False, blank: bool = True, **kwargs: Any) -> None:
        self.max_length, self._lines, self._blank = max_length, lines, blank
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        try:
            return clean_text(
                data, field="", max_length=self.max_length, required=not self._blank, lines=self._lines
            )
        except InvalidInput as error:
            raise serializers.ValidationError(error.errors[0].detail, code=error.errors[0].code) from None

    def to_representation(self, value: Any) -> str:
        return str(value)


class Moment(serializers.Field):  # type: ignore[type-arg]
    """An instant with zone."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return parse_moment(data, field="").astimezone(UTC)
        except InvalidInput as error:
            raise serializers.ValidationError(error.errors[0].detail, code=error.errors[0].code) from None

    def to_representation(self, value: datetime) -> str:
        return utc(value) or ""


class WholeNumber(serializers.IntegerField):
    """A JSON number without fraction; text and booleans are not taken for one."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("Must be a whole number.", code="not_a_number")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """`true` or `false`, nothing that only looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Must be true or false.", code="not_a_flag")
        return data


class Body(serializers.Serializer[Any]):
    """A JSON object. Unknown names are refused."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"": ["Must be a JSON object."]}, code="not_an_object")
        writable = {name for name, field in self.fields.items() if not field.read_only}
        unknown = [str(name)[:60] for name in data if name not in writable]
        if unknown:
            known = ", ".join(sorted(writable))
            raise serializers.ValidationError(
                {name: [f"No such field; known are: {known}."] for name in sorted(unknown)}, code="unknown"
            )
        if self.parent is not None:
            # The framework lets a PATCH leave out fields of objects inside its body too; those are whole.
            missing = [name for name in writable if self.fields[name].required and name not in data]
            if missing:
                raise serializers.ValidationError(
                    {name: ["This is needed."] for name in missing}, code="required"
                )
        parsed: dict[str, Any] = super().to_internal_value(data)
        return parsed


B = TypeVar("B", bound=serializers.BaseSerializer[Any])


def read_body(request: Request, body: type[B], *, partial: bool = False) -> dict[str, Any]:
    """Return the validated body of a request. Raises `InvalidInput` with one pointer for each error."""
    data = request.data
    if not isinstance(data, Mapping):
        raise InvalidInput.of("", "not_an_object", "The body must be a JSON object.")
    serializer = body(data=data, partial=partial)
    if not serializer.is_valid():
        raise InvalidInput(_flatten(serializer.errors, "", serializer))
    validated: dict[str, Any] = dict(serializer.validated_data)
    return validated


def _flatten(errors: Any, pointer: str, field: Any) -> Iterator[FieldError]:
    """Yield what is wrong in `field`: a serializer or one of its fields, None where it is not known."""
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            step = (
                ""
                if name in {"", "non_field_errors"}
                else f"/{str(name).replace('~', '~0').replace('/', '~1')}"
            )
            inside = getattr(field, "fields", {}).get(name) if step else field
            inside = getattr(field, "child", None) if isinstance(name, int) else inside
            yield from _flatten(inner, pointer + step, inside)
    elif isinstance(errors, list) and any(isinstance(item, Mapping | list) for item in errors):
        for index, inner in enumerate(errors):
            if inner:
                yield from _flatten(inner, f"{pointer}/{index}", getattr(field, "child", None))
    else:
        for item in errors if isinstance(errors, list) else [errors]:
            code = str(getattr(item, "code", "invalid"))
            yield FieldError(pointer, code, _told(code, str(item), field))


def _told(code: str, words: str, field: Any) -> str:
    """Return what is wrong with a value; of a wrong choice what there is to choose from."""
    choices = getattr(field, "choices", {})
    if code == "invalid_choice" and choices:
        return f"Must be one of: {', '.join(str(one) for one in choices)}."
    return words


def expected_version(request: Request, validated: dict[str, Any]) -> int | None:
    """Return the version that the caller has read: `If-Match: "3"`, or `version` taken out of the body.

    Raises `InvalidInput` where the header is malformed and `Stale` where both are given and differ.
    """
    in_body: int | None = validated.pop("version", None)
    header = request.headers.get("If-Match")
    if header is None:
        return in_body
    digits = header.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidInput.of("", "if_match", 'If-Match must be a version in quotes, e.g. "3".')
    if in_body is not None and in_body != int(digits):
        raise Stale("If-Match and the version in the body differ.")
    return int(digits)


def utc(moment: datetime | None) -> str | None:
    """Return an instant as ISO 8601 UTC with `Z`, or None."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def in_utc(value: object) -> object:
    """Return a stored JSON value with `Z` at the end of its times in UTC, as everywhere else."""
    match value:
        case str():
            return value.removesuffix("+00:00") + "Z" if _UTC.fullmatch(value) else value
        case Mapping():
            return {name: in_utc(one) for name, one in value.items()}
        case list() | tuple():
            return [in_utc(one) for one in value]
        case _:
            return value
