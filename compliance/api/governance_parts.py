"""What the endpoints of governance have in common."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from opsportal.api.serializers import Body, Text, WholeNumber
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

KEY, URL, SHORT, PROSE = 30, 2_000, 300, 10_000
PERSON = 254
"""An id, or an e-mail address: as long as one of those may be."""
VERSION_HELP = "The version that was read; or If-Match."


class GovernanceStepBody(Body):
    """A step: what somebody says with it, and the version that was read."""

    text = Text(max_length=PROSE, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


def page_of(out: type[Body]) -> type[Body]:
    """Return the body of one page of these."""
    fields: dict[str, Any] = {
        "__doc__": "One page.",
        "next": Text(max_length=URL, allow_null=True),
        "previous": Text(max_length=URL, allow_null=True),
        "results": out(many=True),
    }
    return type(out.__name__.removesuffix("Out") + "Page", (Body,), fields)


def number(key: str, prefix: str) -> int:
    """Return the number of a key of the URL. Raises `NotFound` for a key of something else."""
    found = number_of(key, prefix)
    if found is None:
        raise NotFound("There is nothing of this key.")
    return found


def choices(known: dict[Any, str], **options: Any) -> serializers.ChoiceField:
    """Return a field that takes one of these words."""
    return serializers.ChoiceField(list(known.items()), **options)


def ordering(known: dict[str, tuple[str, ...]]) -> OpenApiParameter:
    """Return the parameter that orders a list."""
    return OpenApiParameter("ordering", str, enum=sorted(known))
