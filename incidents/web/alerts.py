"""Pages of alerts: the list, and one of them with what its sender told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.models import Alert
from incidents.selectors.alerts import alert_seen, alerts_loaded, integrations, sees_whole_message
from incidents.severities import CHOICES, SEVERITIES
from incidents.states import ALERT, HANDLING
from incidents.web.alert_differences import differences
from opsportal.catalog.selectors import services
from opsportal.core.errors import InvalidInput
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of

FILTERS = ("state", "handling", "severity", "service", "integration")
_MOST_SHOWN = 100_000


@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """Show alerts, newest first, as the filters say."""
    chosen = {name: request.GET.get(name, "")[:60].replace("\x00", "") for name in FILTERS}
    for name, known in {"state": ALERT.states, "handling": HANDLING.states, "severity": SEVERITIES}.items():
        if chosen[name] and chosen[name] not in known:
            raise InvalidInput.of(name, "unknown", f"Must be one of: {', '.join(known)}.")
    columns = {"service": "service__slug", "integration": "integration__slug"}
    wanted = {columns.get(name, name): value for name, value in chosen.items() if value}
    rows = alerts_loaded(actor_of(request), now_of(request)).filter(**wanted)
    page = page_of(rows, request, order=("-id",))
    context = {
        "page": page,
        "rows": with_differences(page.items if page else ()),
        "chosen": chosen,
        "is_filtered": bool(wanted),
        "states": ALERT.choices,
        "handlings": HANDLING.choices,
        "severities": CHOICES,
        "services": services().values_list("slug", "name"),
        "integrations": integrations().values_list("slug", "name"),
    }
    return render(request, "incidents/alerts/list.html", context)


def with_differences(alerts: Iterable[Alert]) -> list[tuple[Alert, str]]:
    """Return alerts, each with what tells it from the others of its title."""
    shown = list(alerts)
    return list(zip(shown, differences([(one.title, one.labels) for one in shown]), strict=True))


@require_safe
def alert_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one alert: labels, annotations, where it went, and the message that brought it."""
    actor, now = actor_of(request), now_of(request)
    alert = alert_seen(actor, pk, now)
    same = alerts_loaded(actor, now).filter(integration=alert.integration, fingerprint=alert.fingerprint)
    is_open = sees_whole_message(actor, alert.message, now)
    context = {
        "alert": alert,
        "labels": sorted(alert.labels.items()),
        "annotations": sorted(alert.annotations.items()),
        "raw": _readable(bytes(alert.message.body)) if is_open else None,
        "others": list(same.exclude(pk=alert.pk).order_by("-id")[:10]),
    }
    return render(request, "incidents/alerts/alert.html", context)


def _readable(body: bytes) -> str:
    """Return a kept message laid out for people; as it is where it is no JSON."""
    text = body[:_MOST_SHOWN].decode("utf-8", errors="replace")
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        return text
    return json.dumps(parsed, indent=2, ensure_ascii=False)
