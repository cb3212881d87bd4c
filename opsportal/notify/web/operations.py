"""How the portal itself is doing: ticks, messages and deliveries that were given up. For administrators."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from opsportal.core.access import require
from opsportal.notify import services
from opsportal.notify.selectors import dead_deliveries, failing_channels
from opsportal.outbox.selectors import dead_messages, outbox_lag, pulses
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

SHOWN = 50
PAGE = "notify:operations"


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """Show each tick's heartbeat, what was given up, and what lies in wait."""
    require(actor_of(request), "operations.see")
    now = now_of(request)
    deliveries = list(dead_deliveries()[: SHOWN + 1])
    dead = list(dead_messages()[: SHOWN + 1])
    told = [str(row.message.recipient_id) for row in deliveries if row.message.recipient_id]
    remember_people(request, [("user", person) for person in told])
    return render(
        request,
        "notify/operations.html",
        {
            "pulses": pulses(now),
            "lag": outbox_lag(now),
            "failing": failing_channels(),
            "deliveries": deliveries[:SHOWN],
            "more_deliveries": len(deliveries) > SHOWN,
            "dead": dead[:SHOWN],
            "more_dead": len(dead) > SHOWN,
        },
    )


@require_POST
def message_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a message be handled again."""
    services.handling_retry(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "It will be tried again at once.")


@require_POST
def message_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Lay a message aside."""
    services.handling_dismiss(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "Dismissed.")


@require_POST
def delivery_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a delivery be sent again."""
    services.delivery_retry(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "It will be sent again at once.")


@require_POST
def delivery_dismiss(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lay a delivery aside."""
    services.delivery_dismiss(actor=actor_of(request), now=now_of(request), pk=pk)
    return _back(request, "Dismissed.")


def _back(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect(PAGE)
