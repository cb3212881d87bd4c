"""What follows when a roster changes: it is published anew, and people are told what is theirs to know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from incidents.models import Handover, Incident, Shadow, ShiftSwap
from incidents.roster.moves import span_text
from incidents.roster.spans import Span
from incidents.selectors.oncall import on_call_at, schedules_naming
from incidents.selectors.roster import own_entries, people_of, schedule_entries, schedules_to_follow
from incidents.services.roster.gaps import answerable
from incidents.services.roster.publishing import AHEAD, BACK, schedule_publish
from opsportal.accounts.models import User
from opsportal.audit.actions import register_all
from opsportal.core.registry import FeedSource, feed_sources
from opsportal.notify.services import notify
from opsportal.notify.topics import Topic, topics
from opsportal.outbox.ticks import expect
from opsportal.outbox.topics import Message, on

_BECAUSE = {
    "incidents.schedule.created": "There is a new schedule, and you are in it.",
    "incidents.schedule.revised": "The rotations of the schedule were changed.",
    "incidents.schedule.retired": "The schedule is out of use.",
    "incidents.override.created": "An exception was made: a swap, or somebody standing in.",
    "incidents.override.cancelled": "An exception was taken back.",
}


def on_roster(message: Message) -> None:
    """Publish a roster that was changed."""
    schedule_publish(
        now=message.now,
        schedule_pk=int(message.payload["pk"]),
        because=_BECAUSE[message.topic],
        by=str(message.payload["actor"]),
    )


def on_leaver(message: Message) -> None:
    """Publish anew the rosters of somebody who was barred, or let in again, and tell who answers for them."""
    person = str(message.payload["user"])
    barred = User.objects.filter(pk=person, is_active=False).exists()
    for schedule in schedules_naming(person):
        schedule_publish(now=message.now, schedule_pk=schedule.pk, because=_LEFT if barred else _BACK, by="")
        if not barred:
            continue
        notify(
            now=message.now,
            message_key=f"leaver:{schedule.pk}:{person}:{message.id}",
            recipients=answerable(schedule, message.now),
            subject=f"Somebody in {schedule.name} can no longer be on call",
            body="\n".join(
                [
                    "A person of this schedule was barred from the portal: they are not paged any more.",
                    "Nobody takes their turns by themselves. Take them out of the rotation, or let somebody"
                    " stand in for them.",
                ]
            ),
            url=f"/oncall/{schedule.slug}/",
            urgency="high",
            topic="oncall.gaps",
            about=schedule.slug,
        )


_LEFT = "Somebody of this schedule can no longer be on call."
_BACK = "Somebody of this schedule can be on call again."


def on_offer(message: Message) -> None:
    """Tell those who could take an offer that it is there, or that it still is."""
    swap = (
        ShiftSwap.objects.select_related("schedule__team", "offered_by")
        .filter(pk=message.payload["swap"], state="open")
        .first()
    )
    if swap is None or swap.starts_at <= message.now:
        return
    again = message.topic.endswith("reminded")
    people = User.objects.filter(pk__in=people_of(swap.schedule, message.now), is_active=True)
    for person in people.exclude(pk=swap.offered_by_id):
        when = span_text(Span(swap.starts_at, swap.ends_at), person.time_zone)
        notify(
            now=message.now,
            message_key=f"swap:{swap.pk}:{swap.version}",
            recipients=[person.pk],
            subject=f"{'Still open' if again else 'Can you take it'}: {swap.schedule.name}, {when}",
            body="\n".join(
                [
                    f"{swap.offered_by.display_name} offers this time on call as {swap.role}: {when}.",
                    *([f"“{swap.note}”"] if swap.note else []),
                    "",
                    "Take it with one click; until somebody does, it stays theirs.",
                ]
            ),
            url="/my-on-call/",
            urgency="low" if swap.starts_at - message.now > timedelta(days=3) else "normal",
            topic="oncall.swaps",
            about=swap.schedule.slug,
            reference=str(swap.pk),
        )


def on_lapsed(message: Message) -> None:
    """Tell whoever offered time that nobody took it."""
    swap = ShiftSwap.objects.select_related("schedule", "offered_by").get(pk=message.payload["swap"])
    when = span_text(Span(swap.starts_at, swap.ends_at), swap.offered_by.time_zone)
    notify(
        now=message.now,
        message_key=f"swap:{swap.pk}:lapsed",
        recipients=[swap.offered_by_id],
        subject=f"Nobody took your time on call: {when}",
        body=f"It is still yours: {swap.schedule.name}, as {swap.role}, {when}.",
        url="/my-on-call/",
        urgency="high",
        topic="oncall.swaps",
        about=swap.schedule.slug,
    )


def on_shadow(message: Message) -> None:
    """Tell the learner and whom they follow that one shadows the other."""
    shadow = Shadow.objects.select_related("schedule", "person", "follows").get(pk=message.payload["shadow"])
    started = message.topic.endswith("started")
    whom = shadow.follows.display_name if shadow.follows else f"whoever is on call in {shadow.schedule.name}"
    words = f"{shadow.person.display_name} {'shadows' if started else 'no longer shadows'} {whom}"
    people = [shadow.person_id, *([shadow.follows_id] if shadow.follows_id else [])]
    for person in User.objects.filter(pk__in=people, is_active=True):
        if str(person.actor) == message.payload["actor"]:
            continue
        when = span_text(Span(shadow.starts_at, shadow.ends_at), person.time_zone)
        notify(
            now=message.now,
            message_key=f"shadow:{shadow.pk}:{'started' if started else 'ended'}",
            recipients=[person.pk],
            subject=words,
            body=f"{words}: {when}. Who shadows sees and is told; they are never paged.",
            url="/my-on-call/",
            topic="oncall.roster",
            about=shadow.schedule.slug,
        )


def on_incident(message: Message) -> None:
    """Tell those who shadow somebody on call now that there is an incident; without any page.

    A restricted incident is told to nobody this way.
    """
    incident = Incident.objects.get(pk=message.payload["incident"])
    if incident.is_restricted:
        return
    standing = Shadow.objects.filter(
        state="standing", starts_at__lte=message.now, ends_at__gt=message.now
    ).select_related("schedule")
    people = {shadow.person_id for shadow in standing if _has_somebody(shadow, message)}
    key = incident.key
    notify(
        now=message.now,
        message_key=f"shadow:{key}",
        recipients=people,
        subject=f"{key}: an incident while you shadow ({incident.severity})",
        body="You shadow somebody who is on call now. Follow along: you are not paged, nobody waits for you.",
        url=f"/incidents/{key}/",
        topic="oncall.roster",
        about=key,
    )


def on_handover(message: Message) -> None:
    """Tell both that a handover is open, or late; then their team, or the administrators, as well."""
    handover = (
        Handover.objects.select_related("schedule__team", "outgoing", "incoming")
        .filter(pk=message.payload["handover"], state__in=["open", "given", "received"])
        .first()
    )
    if handover is None:
        return
    late = message.topic.endswith("late")
    both = {handover.outgoing_id, handover.incoming_id}
    people: Iterable[UUID] = both | (set(answerable(handover.schedule, message.now)) if late else set())
    names = f"{handover.outgoing.display_name} to {handover.incoming.display_name}"
    notify(
        now=message.now,
        message_key=f"handover:{handover.pk}:{'late' if late else 'open'}",
        recipients=people,
        subject=f"{'Not signed yet' if late else 'Hand over'}: {handover.schedule.name}, {names}",
        body="Go through the list together, write down what the next one has to know, and both sign it.",
        url=f"/handovers/{handover.pk}/",
        urgency="high" if late else "normal",
        topic="oncall.handover",
        about=handover.schedule.slug,
        reference=str(handover.pk),
    )


def _has_somebody(shadow: Shadow, message: Message) -> bool:
    """Return whether the one who is followed is on call now; without one, whether anybody is."""
    present = {one.duty.user_id for one in on_call_at(shadow.schedule.slug, message.now)}
    return str(shadow.follows_id) in present if shadow.follows_id else bool(present)


def register() -> None:
    """Register topics, audit actions, news, feeds and the tick of this area."""
    for topic in _BECAUSE:
        on(topic, "incidents.roster", on_roster)
    for event in ("offered", "reminded"):
        on(f"incidents.swap.{event}", "incidents.offer", on_offer)
    for event in ("user.deactivated", "user.erased", "user.reactivated"):
        on(f"accounts.{event}", "incidents.leaver", on_leaver)
    on("incidents.swap.lapsed", "incidents.offer", on_lapsed)
    for event in ("started", "ended"):
        on(f"incidents.shadow.{event}", "incidents.shadow", on_shadow)
    on("incidents.incident.declared", "incidents.shadow", on_incident)
    for event in ("opened", "late"):
        on(f"incidents.handover.{event}", "incidents.handover", on_handover)
    topics.add(
        "oncall.roster", Topic("My time on call changes", "A roster that differs from what I was told.")
    )
    topics.add("oncall.reminder", Topic("My next shift", "The day before it begins."))
    topics.add(
        "oncall.swaps", Topic("Shifts to take", "What others offer, and what becomes of my own offers.")
    )
    topics.add("oncall.handover", Topic("Handovers", "When I hand over or take over, and when it is late."))
    topics.add("oncall.gaps", Topic("Gaps in schedules", "Time ahead in which nobody would be paged."))
    feed_sources.add("shifts", FeedSource("My shifts on call", BACK, AHEAD, own_entries))
    feed_sources.add(
        "schedule", FeedSource("On-call schedule", BACK, AHEAD, schedule_entries, schedules_to_follow)
    )
    expect(
        "incidents.roster",
        every=timedelta(seconds=60),
        without_it="handovers are not opened, gaps not told of, and nobody is reminded of shifts and offers",
    )
    register_all(_ACTIONS)


_ACTIONS = {
    "swap.offered": "offered their time on call",
    "swap.reminded": "pointed the offer out again",
    "swap.taken": "took the time on call",
    "swap.withdrawn": "took the offer back",
    "swap.undone": "gave the time back",
    "swap.lapsed": "let the offer lapse: nobody took it",
    "shift.taken": "took over a shift",
    "shadow.started": "let somebody shadow",
    "shadow.ended": "ended the shadowing",
    "handover.opened": "opened the handover",
    "handover.ticked": "did a step of the list",
    "handover.unticked": "opened a step of the list again",
    "handover.noted": "wrote the notes",
    "handover.signed": "signed the handover",
    "handover.late": "told that the handover is late",
    "handover.cancelled": "cancelled the handover: the roster changed",
    "oncall.imported": "took over schedules of another system",
}
