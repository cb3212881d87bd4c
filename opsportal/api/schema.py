"""OpenAPI: every operation documents the problems that it may answer with."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema as BaseAutoSchema

_STRING = {"type": "string"}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": _STRING,
        "title": _STRING,
        "status": {"type": "integer"},
        "detail": _STRING,
        "instance": _STRING,
        "code": _STRING,
        "errors": {
            "type": "array",
            "description": "For bad input: what is wrong and where (RFC 6901 pointer).",
            "items": {
                "type": "object",
                "properties": {"pointer": _STRING, "code": _STRING, "detail": _STRING},
                "required": ["pointer", "code", "detail"],
            },
        },
        "reasons": {
            "type": "array",
            "description": "Where rules refused: every rule that did.",
            "items": {
                "type": "object",
                "properties": {"code": _STRING, "rule": _STRING, "detail": _STRING},
                "required": ["code", "rule", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code"],
}
_READ = {
    "400": "Bad input",
    "401": "No token, or one that is not valid",
    "403": "Not allowed",
    "404": "No such object",
    "406": "No such representation",
    "503": "Away; try again after Retry-After seconds",
}
_WRITE = {
    **_READ,
    "409": "Refused by a rule, an illegal move, or stale",
    "413": "Too large",
    "415": "Not JSON",
}


class AutoSchema(BaseAutoSchema):
    """Adds a summary and the shared problem responses to each operation."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Any:
        """Return the operation with its problem responses."""
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation:
            operation.setdefault("summary", _first_sentence(operation.get("description", "")))
            for status, text in (_READ if method == "GET" else _WRITE).items():
                operation["responses"].setdefault(status, _response(text))
        return operation


def _first_sentence(text: str) -> str:
    """Return what stands before the first full stop or semicolon: "Show a deployment"."""
    return re.split(r"[.;:](?:\s|$)", text.strip(), maxsplit=1)[0]


def _response(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def add_updated_since(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give every list in pages the parameter that `ApiView.page` answers for all of them."""
    for operations in result["paths"].values():
        known = operations.get("get", {}).get("parameters", [])
        names = {parameter["name"] for parameter in known}
        if {"cursor", "page_size"} <= names and "updated_since" not in names:
            known.append(
                {
                    "in": "query",
                    "name": "updated_since",
                    "schema": {"type": "string"},
                    "description": "Only what was made or changed at this time or later.",
                }
            )
    return result


def add_problem_component(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Put the shared problem schema among the components (drf-spectacular post-processing hook)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    return result


class TextInSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Documents our text fields with their bound; drf-spectacular finds this by its class."""

    target_class = "opsportal.api.serializers.Text"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return the schema of the field."""
        return {"type": "string", "maxLength": self.target.max_length}


class MomentInSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Documents our instants."""

    target_class = "opsportal.api.serializers.Moment"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return the schema of the field."""
        return {"type": "string", "format": "date-time"}


class SessionInSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents the session of a person on the web."""

    target_class = "opsportal.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of somebody signed in on the web; writes need the CSRF token too.",
        }
