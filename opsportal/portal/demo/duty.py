"""What the people of the demo did about on call: ways to reach them, a policy, a handover, an offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from itertools import pairwise

from incidents.selectors.oncall import final_schedule_of
from incidents.services.escalation.policies import escalation_policy_create, service_policy_set
from incidents.services.roster.handovers import (
    handover_note,
    handover_open,
    handover_sign,
    handover_tick,
)
from incidents.services.roster.swaps import swap_offer
from opsportal.accounts.models import User
from opsportal.calendar.services import working_calendar_set
from opsportal.core.actor import Actor
from opsportal.notify.codes import code_of
from opsportal.notify.models import Page
from opsportal.notify.services import (
    contact_method_add,
    contact_method_verify,
    reach_plan_choose,
    target_add,
)
from opsportal.notify.services.paging import pages_end

REACHED = ("jonas", "elena", "arjun", "priya", "kwame", "omar", "freya", "ingrid", "mei", "noah", "lucia")
"""Everybody who is on call has a second way besides the account's own address."""
MINUTE = timedelta(minutes=1)
NOTES = (
    "The index on orders was built on Tuesday; watch the write latency until the weekend.\n\n"
    "The certificate of the mail sender is being renewed by its provider. Watch the queue of mails."
)


def load_duty(users: Mapping[str, User], *, actor: Actor, now: datetime) -> None:
    """Do it, the latest things last; the rosters and the catalogue must exist. `now` is aware UTC."""
    working_calendar_set(
        actor=actor,
        now=now - timedelta(hours=6),
        zone="Europe/Berlin",
        weekdays=range(5),
        opens=time(8),
        closes=time(18),
    )
    _contacts(users, now - timedelta(days=3))
    target_add(
        actor=Actor.user(users["sam"].pk, is_staff=True),
        now=now - timedelta(days=3),
        slug="operations-room",
        title="The operations room",
        kind="webhook",
        address="https://chat.demo.example/hooks/operations",
    )
    _policy(actor, now - timedelta(hours=5))
    _handover(users, now - timedelta(hours=26))
    _offer(now - timedelta(hours=4))


def _contacts(users: Mapping[str, User], at: datetime) -> None:
    for handle in REACHED:
        person = Actor.user(users[handle].pk)
        row = contact_method_add(actor=person, now=at, kind="email", address=f"{handle}@private.demo.example")
        code = code_of(row.pk, row.code_nonce)
        row = contact_method_verify(actor=person, now=at + MINUTE, pk=row.pk, code=code)
        steps = [{"method": "account", "after": 0}, {"method": str(row.pk), "after": 5}]
        reach_plan_choose(actor=person, now=at + 2 * MINUTE, high=steps, low=steps[:1])
    # The codes arrived long ago: none is to be sent when the portal starts.
    codes = Page.objects.filter(purpose=Page.Purpose.CODE, state="paging").values_list("pk", flat=True)
    pages_end(list(codes), "stop", now=at + MINUTE)


def _policy(actor: Actor, at: datetime) -> None:
    on_call = [{"kind": "schedule", "key": "payments", "role": role} for role in ("primary", "secondary")]
    escalation_policy_create(
        actor=actor,
        now=at,
        slug="payments",
        name="Payments: who handles the money",
        description="Both on duty within ten minutes, then who leads engineering. Small things wait.",
        plan={
            "steps": [
                {"wait": 0, "targets": on_call[:1]},
                {"wait": 600, "targets": on_call[1:]},
                {"wait": 1_200, "targets": [{"kind": "role", "key": "vp-engineering"}]},
            ],
            "fallback": [{"kind": "role", "key": "cto"}],
            "repeat": 1,
            "hold_low": True,
        },
    )
    service_policy_set(actor=actor, now=at, service="payments-api", policy="payments")


def _handover(users: Mapping[str, User], at: datetime) -> None:
    arjun, priya = users["arjun"], users["priya"]
    found = handover_open(
        actor=Actor.user(arjun.pk), now=at, schedule="platform", outgoing=arjun.pk, incoming=priya.pk
    )
    handover_note(actor=Actor.user(arjun.pk), now=at + 4 * MINUTE, pk=found.pk, notes=NOTES)
    for number, step in enumerate(found.checklist):
        when = at + (5 + 2 * number) * MINUTE
        handover_tick(actor=Actor.user(arjun.pk), now=when, pk=found.pk, step=step["id"])
    handover_sign(actor=Actor.user(arjun.pk), now=at + 20 * MINUTE, pk=found.pk)
    handover_sign(actor=Actor.user(priya.pk), now=at + 24 * MINUTE, pk=found.pk)


def _offer(at: datetime) -> None:
    """Offer the first whole turn from the day after tomorrow on in which nobody stands in for anybody."""
    segments = final_schedule_of("operations", at + timedelta(days=2), at + timedelta(days=12))
    for before, turn in pairwise(segments):
        duty = turn.duties[0] if turn.duties else None
        if duty is None or duty.instead_of or duty in before.duties:
            continue
        swap_offer(
            actor=Actor.user(duty.user_id),
            now=at,
            schedule="operations",
            start=turn.start,
            end=turn.end,
            note="My daughter's school play is that evening.",
        )
        return
