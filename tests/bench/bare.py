"""The lower limit: a bare DRF application whose endpoints run the very statements that the portal runs.

No middleware, no authentication, no rules, no ORM: a serializer that validates the body, the recorded SQL as
text, prepared as the portal's, and a ready answer. Served by the same gunicorn with the same options.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from opsportal import databases

if not settings.configured:
    settings.configure(
        SECRET_KEY="of the benchmark",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": databases.from_url(os.environ["DATABASE_URL"])},
        INSTALLED_APPS=["rest_framework"],
        MIDDLEWARE=[],
        USE_TZ=True,
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "DEFAULT_PERMISSION_CLASSES": [],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
            "UNAUTHENTICATED_USER": None,
        },
        LOGGING_CONFIG=None,
    )
    django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path
from psycopg import Cursor
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

RECORDED: dict[str, Any] = json.loads(Path(os.environ["BENCH_STATEMENTS"]).read_text(encoding="utf-8"))
_turns = {name: itertools.count() for name in RECORDED}


class Body(serializers.Serializer[Any]):
    """What both endpoints take."""

    service = serializers.CharField(max_length=60)
    environment = serializers.CharField(max_length=60)
    version = serializers.CharField(max_length=120)
    commit = serializers.CharField(max_length=64, required=False)
    checks = serializers.DictField(child=serializers.CharField(), required=False)
    policy_hash = serializers.CharField(max_length=128, required=False)


def _run(name: str) -> Any:
    """Run the statements of the next recorded request and return its answer."""
    recorded = RECORDED[name][next(_turns[name]) % len(RECORDED[name])]
    connection.ensure_connection()
    opened: Any = connection.connection
    opened.prepared_max = 1_000  # each has its values written in, so there are as many as recorded ones
    with Cursor(opened) as cursor:
        for statement in recorded["statements"]:
            cursor.execute(statement, prepare=True)
            if cursor.description:
                cursor.fetchall()
    return recorded["answer"]


def _answered(fields: Any, status: int = 200) -> Response:
    """Return an answer that tells its length, so that the connection stays; no middleware does it."""
    response = Response(fields, status=status)
    response.add_post_render_callback(_with_length)
    return response


def _with_length(response: HttpResponse) -> None:
    response.headers["Content-Length"] = str(len(response.content))


class Gate(APIView):
    """Asks."""

    def get(self, request: Request) -> Response:
        """Read, answer."""
        Body(
            data={name: request.query_params[name] for name in ("service", "environment", "version")}
        ).is_valid(raise_exception=True)
        return _answered(_run("gate"))


class Register(APIView):
    """Registers."""

    def post(self, request: Request) -> Response:
        """Validate, write, answer."""
        Body(data=request.data).is_valid(raise_exception=True)
        with transaction.atomic():
            answer = _run("register")
        return _answered(answer, 201)


urlpatterns = [path("gate/", Gate.as_view()), path("register/", Register.as_view())]
application = get_wsgi_application()
