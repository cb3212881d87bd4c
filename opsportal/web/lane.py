"""Requests of machines pass by what only pages need: sessions, messages, forms and the like.

What they are answered is the same, header by header; a test compares both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import HEADER as CSP_HEADER
from csp.utils import build_policy
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.security import SecurityMiddleware

from opsportal.web.caching import kept_by_no_proxy
from opsportal.web.public import bears_its_key

_ENDPOINTS = "/api/v1/"
_PAGES_AMONG_THEM = ("/api/v1/docs", "/api/v1/schema")
_SCHEMES = ("bearer", "basic")


class MachineLaneMiddleware:
    """Takes requests to the API that bear a key through `_Lane`, and hands everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._lane = _Lane()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if comes_from_a_machine(request):
            return self._lane.answer(request)
        return self._get_response(request)


class _Lane(BaseHandler):
    """Django's own handler with the three middlewares that a machine's request needs, in the usual order."""

    def __init__(self) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        innermost: Any = super()
        chain: Any = convert_exception_to_response(innermost._get_response)
        for middleware in (XFrameOptionsMiddleware, CommonMiddleware, SecurityMiddleware):
            chain = convert_exception_to_response(middleware(chain))
        self._chain = chain
        self._policy = build_policy()

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Return what the endpoint answers, with every header that the portal promises."""
        response: HttpResponseBase = self._chain(request)
        response.headers.setdefault(CSP_HEADER, self._policy)
        kept_by_no_proxy(request, response)
        return response


def comes_from_a_machine(request: HttpRequest) -> bool:
    """Whether this is for an endpoint and bears a key, good or bad: no session is ever looked at then."""
    path = request.path_info
    if bears_its_key(path):
        return True
    if not path.startswith(_ENDPOINTS) or path.startswith(_PAGES_AMONG_THEM):
        return False
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    return header.lstrip(" ").partition(" ")[0].lower() in _SCHEMES
