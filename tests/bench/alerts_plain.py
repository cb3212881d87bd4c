"""The floor for alerts: a bare DRF endpoint with the same SQL, by the ORM, without authentication.

It reads the row of the token, stores the message, looks at the latest occurrence under lock, and inserts,
counts or closes it. No decision about what an arrival means beyond that, no strict JSON, no middleware.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
    django.setup()
    settings.ROOT_URLCONF = __name__
    # It sets Content-Length, so that connections stay.
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.models import Alert, AlertMessage, IntegrationToken


class Body(serializers.Serializer[Any]):
    """What the endpoint takes."""

    key = serializers.CharField(max_length=255)
    title = serializers.CharField(max_length=300)
    status = serializers.CharField(max_length=10)
    severity = serializers.CharField(max_length=20)
    labels = serializers.DictField(child=serializers.CharField())


class Alerts(APIView):
    """Takes one alert."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def post(self, request: Request, token: str) -> Response:
        """Validate, write, answer."""
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        alert, now = body.validated_data, timezone.now()
        digest = hashlib.sha256(token.encode()).hexdigest()
        known = IntegrationToken.objects.select_related("integration").get(digest=digest, state="live")
        with transaction.atomic():
            message = AlertMessage.objects.create(
                integration=known.integration,
                format="own",
                received_at=now,
                sha256=digest,
                body=str(request.data).encode(),
                alerts=1,
            )
            rows = Alert.objects.select_for_update().filter(
                integration=known.integration, fingerprint=alert["key"], is_latest=True
            )
            latest = rows.first()
            if latest is None:
                Alert.objects.create(
                    integration=known.integration,
                    fingerprint=alert["key"],
                    starts_at=now,
                    title=alert["title"],
                    labels=alert["labels"],
                    severity="sev1",
                    received_at=now,
                    last_received_at=now,
                    message=message,
                    due_at=now,
                )
            elif alert["status"] == "firing":
                Alert.objects.filter(pk=latest.pk).update(count=F("count") + 1, last_received_at=now)
            else:
                Alert.objects.filter(pk=latest.pk).update(
                    state="resolved", ends_at=now, count=F("count") + 1, last_received_at=now, due_at=now
                )
        return Response({"status": "accepted", "message": message.pk}, status=202)


def health(request: HttpRequest) -> HttpResponse:
    """Say that the server is up."""
    return HttpResponse()


urlpatterns = [path("health", health), path("api/v1/alerts/<str:token>/", Alerts.as_view())]
application = get_wsgi_application()
