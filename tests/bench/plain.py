"""The floor that is meant by "a bare DRF endpoint with the same SQL".

An APIView with a serializer, through the ORM, without authentication and without middleware. It reads what
the portal reads by the recorded SQL (also the row of the token, which it does not look at), and stores the
rows that a registration stores by the ORM's `create`. No rules, no decision, no permissions, no security
headers. Served by the same gunicorn with the same options.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
    django.setup()
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from changes.models import Deployment
from opsportal.audit.models import AuditEntry
from opsportal.catalog.models import Environment, Service

RECORDED: dict[str, Any] = json.loads(Path(os.environ["BENCH_STATEMENTS"]).read_text(encoding="utf-8"))
_turns = itertools.count()
_READS = 3  # the token, the names with the active standard, the changes


class Body(serializers.Serializer[Any]):
    """What both endpoints take."""

    service = serializers.CharField(max_length=60)
    environment = serializers.CharField(max_length=60)
    version = serializers.CharField(max_length=120)
    change = serializers.CharField(max_length=20, required=False)
    commit = serializers.CharField(max_length=64, required=False)
    checks = serializers.DictField(child=serializers.CharField(), required=False)
    policy_hash = serializers.CharField(max_length=128, required=False)


class Plain(APIView):
    """What both endpoints share."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)


class Gate(Plain):
    """Asks."""

    def get(self, request: Request) -> Response:
        """Read, answer."""
        names = ("service", "environment", "version", "change")
        Body(data={name: request.query_params[name] for name in names}).is_valid(raise_exception=True)
        recorded = _recorded("gate")
        _read(recorded)
        return _answered(recorded["answer"])


class Register(Plain):
    """Registers."""

    def post(self, request: Request) -> Response:
        """Validate, read, store, answer."""
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        recorded = _recorded("register")
        with transaction.atomic():
            _read(recorded)
            _store(body.validated_data, recorded["answer"])
        return _answered(recorded["answer"], 201)


def _recorded(name: str) -> dict[str, Any]:
    one: dict[str, Any] = RECORDED[name][next(_turns) % len(RECORDED[name])]
    return one


def _read(recorded: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in recorded["statements"][:_READS]:
            cursor.execute(statement)
            cursor.fetchall()


def _store(fields: dict[str, Any], answer: dict[str, Any]) -> None:
    now = timezone.now()
    row: Any = Deployment(
        service_id=_ids["service"][fields["service"]],
        environment_id=_ids["environment"][fields["environment"]],
        change_id=int(answer["change"].rpartition("-")[2]),
        change_named=fields["change"],
        release=fields["version"],
        commit=fields["commit"],
        checks=fields["checks"],
        policy_hash=fields["policy_hash"],
        decision="allowed",
        decided_at=now,
        standard_hash="0" * 64,
        registered_at=now,
        updated_at=now,
    )
    row.save_without_historical_record(force_insert=True)
    kept = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    Deployment.history.create(history_date=now, history_type="+", **kept)
    AuditEntry.objects.create(
        at=now,
        actor_kind="service_account",
        actor_id="1",
        action="deployment.registered",
        outcome="done",
        object_kind="deployment",
        object_key=f"DEP-{row.pk}",
        canonical=json.dumps({"deployment": row.pk, "at": now.isoformat()}).encode(),
    )


def _answered(fields: Any, status: int = 200) -> Response:
    """Return an answer that tells its length, so that the connection stays; no middleware does it."""
    response = Response(fields, status=status)
    response.add_post_render_callback(_with_length)
    return response


def _with_length(response: HttpResponse) -> None:
    response.headers["Content-Length"] = str(len(response.content))


_ids = {
    "service": dict(Service.objects.values_list("slug", "pk")),
    "environment": dict(Environment.objects.values_list("slug", "pk")),
}
connection.close()
urlpatterns = [path("gate/", Gate.as_view()), path("register/", Register.as_view())]
application = get_wsgi_application()
