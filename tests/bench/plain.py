"""The second floor: a DRF application as anybody would write it, that stores and reads what the portal does.

One middleware, a serializer, a token that is looked up through the ORM. What the gate reads is read by the
recorded SQL; what a registration stores is stored by the ORM's `create`, with the history library's row. No
rules, no decision, no permissions, no security headers. Served by the same gunicorn with the same options.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from pathlib import Path
from typing import Any, cast

import django
from django.conf import settings

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
    django.setup()
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # sets Content-Length

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from changes.models import Deployment
from opsportal.accounts.models import ApiToken
from opsportal.audit.models import AuditEntry
from opsportal.catalog.models import Environment, Service

RECORDED: dict[str, Any] = json.loads(Path(os.environ["BENCH_STATEMENTS"]).read_text(encoding="utf-8"))
_turns = itertools.count()


class Body(serializers.Serializer[Any]):
    """What both endpoints take."""

    service = serializers.CharField(max_length=60)
    environment = serializers.CharField(max_length=60)
    version = serializers.CharField(max_length=120)
    change = serializers.CharField(max_length=20, required=False)
    commit = serializers.CharField(max_length=64, required=False)
    checks = serializers.DictField(child=serializers.CharField(), required=False)
    policy_hash = serializers.CharField(max_length=128, required=False)


class Machine:
    """Who bears a token."""

    is_authenticated = True


class TokenAuthentication(BaseAuthentication):
    """DRF's way: one query for the token with its account."""

    def authenticate(self, request: Request) -> tuple[Machine, ApiToken]:
        """Return the token. Raises `AuthenticationFailed`."""
        secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[2]
        digest = hashlib.sha256(secret.encode()).hexdigest()
        token = ApiToken.objects.select_related("account").filter(digest=digest).first()
        if token is None:
            raise AuthenticationFailed
        return Machine(), token


class Plain(APIView):
    """What both endpoints share."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)


def _read(recorded: dict[str, Any]) -> None:
    """Run what the gate reads: the recorded statements but the first, which looks for the token."""
    with connection.cursor() as cursor:
        for statement in recorded["statements"][1:3]:
            cursor.execute(statement)
            cursor.fetchall()


def _recorded(name: str) -> dict[str, Any]:
    one: dict[str, Any] = RECORDED[name][next(_turns) % len(RECORDED[name])]
    return one


class Gate(Plain):
    """Asks."""

    def get(self, request: Request) -> Response:
        """Read, answer."""
        names = ("service", "environment", "version", "change")
        Body(data={name: request.query_params[name] for name in names}).is_valid(raise_exception=True)
        recorded = _recorded("gate")
        _read(recorded)
        return Response(recorded["answer"])


class Register(Plain):
    """Registers."""

    def post(self, request: Request) -> Response:
        """Validate, read, store, answer."""
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        recorded = _recorded("register")
        with transaction.atomic():
            _read(recorded)
            _store(body.validated_data, recorded["answer"], cast("ApiToken", request.auth))
        return Response(recorded["answer"], status=201)


def _store(fields: dict[str, Any], answer: dict[str, Any], token: ApiToken) -> None:
    now = timezone.now()
    number = int(answer["change"].rpartition("-")[2])
    row = Deployment.objects.create(  # the library adds its history row
        service_id=_ids["service"][fields["service"]],
        environment_id=_ids["environment"][fields["environment"]],
        change_id=number,
        change_named=fields["change"],
        release=fields["version"],
        commit=fields["commit"],
        checks=fields["checks"],
        policy_hash=fields["policy_hash"],
        decision="allowed",
        decided_at=now,
        standard_hash="0" * 64,
        registered_by_id=token.account_id,
        registered_at=now,
        updated_at=now,
    )
    AuditEntry.objects.create(
        at=now,
        actor_kind="service_account",
        actor_id=str(token.account_id),
        action="deployment.registered",
        outcome="done",
        object_kind="deployment",
        object_key=f"DEP-{row.pk}",
        canonical=json.dumps({"deployment": row.pk, "at": now.isoformat()}).encode(),
    )


_ids = {
    "service": dict(Service.objects.values_list("slug", "pk")),
    "environment": dict(Environment.objects.values_list("slug", "pk")),
}
connection.close()
urlpatterns = [path("gate/", Gate.as_view()), path("register/", Register.as_view())]
application = get_wsgi_application()
