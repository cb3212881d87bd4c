"""Answers as compact JSON."""

from __future__ import annotations

from rest_framework.renderers import JSONRenderer as BaseJSONRenderer


class JSONRenderer(BaseJSONRenderer):
    """JSON without a charset parameter (RFC 8259 has none)."""

    charset = None


class ProblemRenderer(JSONRenderer):
    """RFC 9457 problem details."""

    media_type = "application/problem+json"
