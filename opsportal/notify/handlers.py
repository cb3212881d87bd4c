"""What notify does about topics of others: tells people of reminders, breaches and climbs.

Who is told is found when it is handled: the holders of that day, without the people who have done
their part. What is no longer owed by then is not told of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.urls import reverse

from opsportal.accounts.models import Role, User
from opsportal.accounts.selectors import ADMINISTRATORS, holders_of, members_of
from opsportal.catalog.models import Provider
from opsportal.catalog.selectors import providers
from opsportal.core.registry import seen_only
from opsportal.notify.models import (
    ContactMethod,
    Digest,
    Notification,
    NotificationSettings,
    Page,
    ReachPlan,
)
from opsportal.notify.schedule import Urgency, zone_of
from opsportal.notify.services import notify
from opsportal.notify.services.remind import TOPIC
from opsportal.notify.topics import OTHER, Topic, topics
from opsportal.obligations.models import Obligation
from opsportal.obligations.plan import StepKind, from_data
from opsportal.obligations.selectors import debtors, holders_among, owned_by, subject_url
from opsportal.outbox.topics import Message
from opsportal.web import times

# A daily digest is up to a day away, and quiet hours may hold it for most of another.
WELL_AHEAD = timedelta(hours=48)
KEYS = "catalog.keys"
_MOST_NAMED = 20


def on_reminder(message: Message) -> None:
    """Remind those who owe it and have not done their part.

    Low is what can wait for a digest: another reminder follows, and the deadline is far enough away.
    """
    if obligation := _owed(message):
        people = _who_may_know(obligation, debtors(obligation, message.now), message.now)
        ahead = obligation.due_at - message.now
        waits = ahead > WELL_AHEAD and not _is_last_reminder(obligation, int(message.payload["step"]))

        def subject(zone: str) -> str:
            # A digest is read later than it was written: "in 3 d" would no longer be true.
            left = times.wall_clock(obligation.due_at, zone_of(zone), now=message.now)
            return (
                f"Due {left if waits else times.relative(obligation.due_at, message.now)}: {obligation.what}"
            )

        _tell(
            message,
            obligation,
            people,
            subject,
            "This is a reminder.",
            urgency="low" if waits else "normal",
            topic="obligations.reminder",
        )


def _is_last_reminder(obligation: Obligation, step: int) -> bool:
    steps = from_data(obligation.steps)
    return not any(later.kind is StepKind.REMIND for later in steps[step + 1 :])


def still_owed(person: UUID, references: Collection[str], now: datetime) -> set[str]:
    """Return which of these obligations this person still owes."""
    owed = owned_by(person, now).filter(pk__in=references, ended_at__isnull=True)
    return {str(pk) for pk in owed.values_list("pk", flat=True)}


def on_erased(message: Message) -> None:
    """Forget what an erased person was told and had chosen, and how they could be reached."""
    person = message.payload["user"]
    Notification.objects.filter(recipient__pk=person).delete()
    Digest.objects.filter(recipient__pk=person).delete()
    NotificationSettings.objects.filter(user__pk=person).delete()
    Page.objects.filter(recipient__pk=person).delete()
    ReachPlan.objects.filter(user__pk=person).delete()
    ContactMethod.objects.filter(user__pk=person).delete()


def on_deputy(message: Message) -> None:
    """Tell the deputy, and the member where somebody else did it, who stands in for whom."""
    named = message.topic.endswith("named")
    payload = message.payload
    people = {
        str(person.pk): person for person in User.objects.filter(pk__in=[payload["user"], payload["deputy"]])
    }
    principal, deputy = people[payload["user"]], people[payload["deputy"]]
    words = (
        f"{deputy.display_name} {'stands' if named else 'no longer stands'} in for {principal.display_name}"
    )
    notify(
        now=message.now,
        message_key=f"deputy:{payload['deputyship']}:{'named' if named else 'ended'}",
        recipients=[person.pk for person in people.values() if str(person.actor) != payload["by"]],
        subject=words,
        body=f"{words} in votes, while they are away and no longer." if named else f"{words} in votes.",
        url="/away/",
    )


def on_key_ending(message: Message) -> None:
    """Tell the team that owns a provider that its key ends, or is over; administrators, where it is empty.

    Nobody is told of a provider that was retired since, nor of a day that is another by now.
    """
    payload, today = message.payload, message.now.astimezone(UTC).date()
    rows = providers().filter(slug=payload["provider"], state="active")
    provider = rows.filter(key_expires_on=payload["key_expires_on"]).first()
    if provider is None or provider.key_expires_on is None:
        return
    last, team = provider.key_expires_on, provider.owner_team
    people = list(members_of(team.slug, today).filter(is_auditor=False))
    if people:
        because = f"You are told because you belong to the team {team.name}, which answers for this provider."
    else:
        because = f"You are told because nobody belongs to the team {team.name}, which answers for it."
    used_by = provider.uses.order_by("service__slug").values_list("service__slug", flat=True)
    lines = [
        because,
        "",
        f"Last good day of its key, certificate or contract: {last.day} {last:%B %Y} (UTC)",
        f"Services that lean on it: {', '.join(used_by[:_MOST_NAMED]) or 'none is named'}",
        "",
        "Renew it, and enter the new day on its page.",
    ]
    notify(
        now=message.now,
        message_key=f"provider:{provider.pk}:key:{payload['version']}:{payload['days']}",
        recipients=[one.pk for one in people or holders_of(ADMINISTRATORS, today)],
        # A digest is read later than it was written: the day stays true.
        subject=f"Key {'over since' if last < today else 'ends'} {last.day} {last:%B %Y}: {provider.name}",
        body="\n".join(lines),
        url=reverse("catalog:provider", args=[provider.slug]),
        urgency="low",
        topic=KEYS,
        about=provider.slug,
        reference=f"{provider.pk}:{last}",
    )


def still_ending(_person: UUID, references: Collection[str], _now: datetime) -> set[str]:
    """Return which of these keys still end on the day that was told, of a provider in use."""
    found = Provider.objects.filter(pk__in={one.partition(":")[0] for one in references}, state="active")
    standing = {f"{pk}:{last}" for pk, last in found.values_list("pk", "key_expires_on")}
    return standing & set(references)


def on_breached(message: Message) -> None:
    """Tell those who owe it that its time has passed; the administrators, where nobody holds the role."""
    if obligation := _owed(message):
        people = _who_may_know(obligation, debtors(obligation, message.now), message.now)
        subject = f"Overdue: {obligation.what}"
        if people:
            _tell(message, obligation, people, subject, "Its time has passed. It stays owed.")
        elif obligation.excuses.exists():
            _tell_administrators(message, obligation, subject, "nobody is left who could still do their part")
        else:
            _tell_administrators(message, obligation, subject, "nobody holds whoever owes it today")


def on_climbed(message: Message) -> None:
    """Tell the holders of the role to which the standard takes it; administrators, where there are none."""
    if obligation := _owed(message):
        role = str(message.payload["role"])
        owner = obligation.owner
        holders = holders_among([role], message.now, owner.services, owner.teams)
        people = _who_may_know(obligation, holders, message.now)
        subject = f"Overdue, and now with you: {obligation.what}"
        title = Role.objects.filter(slug=role).values_list("title", flat=True).first() or role
        if people:
            because = f"You are told because you hold the role {title}. It is late and still owed."
            _tell(message, obligation, people, subject, because)
        else:
            hidden = " and may see it" if holders.exists() else ""
            _tell_administrators(message, obligation, subject, f"nobody holds the role {title}{hidden} today")


def _who_may_know(obligation: Obligation, people: Iterable[User], now: datetime) -> list[User]:
    """Return those of `people` from whom what it is owed about (a restricted incident) is not hidden."""
    rows = Obligation.objects.filter(pk=obligation.pk)
    return [person for person in people if seen_only(rows, person.actor, now).exists()]


def _owed(message: Message) -> Obligation | None:
    return Obligation.objects.filter(pk=message.payload["obligation"], ended_at__isnull=True).first()


def _tell_administrators(message: Message, obligation: Obligation, subject: str, why: str) -> None:
    people = User.objects.filter(is_staff=True, is_active=True)
    because = f"You are told because {why}. It is late and still owed."
    _tell(message, obligation, people, subject, because)


def _tell(
    message: Message,
    obligation: Obligation,
    people: Iterable[User],
    subject: str | Callable[[str], str],
    because: str,
    *,
    urgency: Urgency = "high",
    topic: str = "obligations.overdue",
) -> None:
    """Tell `people`, in their own zones. `subject` may be made for the name of a zone."""
    by_zone: dict[str, list[User]] = defaultdict(list)
    for person in people:
        by_zone[person.time_zone].append(person)
    for zone, readers in sorted(by_zone.items()):
        notify(
            now=message.now,
            message_key=f"obligation:{obligation.pk}:{message.payload['step']}",
            recipients=[reader.pk for reader in readers],
            subject=f"{subject if isinstance(subject, str) else subject(zone)} ({obligation.subject_key})",
            body=_body(obligation, because, due_text(obligation.due_at, zone, now=message.now)),
            url=subject_url(obligation) or "/obligations/",
            urgency=urgency,
            topic=topic,
            about=obligation.subject_key,
            reference=str(obligation.pk),
        )


def _body(obligation: Obligation, because: str, due: str) -> str:
    about = f"{obligation.subject_key} {obligation.subject_title}".strip()
    lines = [because, "", f"What: {obligation.what}", f"About: {about}", f"Due: {due}"]
    if quote := obligation.source.get("quote"):
        where = f"{obligation.source.get('document', '')}, {obligation.source.get('section', '')}".strip(", ")
        lines += ["", f"The standard says ({where}, rule {obligation.rule_id}): “{quote}”"]
    return "\n".join(lines)


def due_text(due_at: datetime, zone: str, *, now: datetime) -> str:
    """Return an instant as people of a time zone (its name) read it, with UTC beside."""
    reader = zone_of(zone)
    return f"{times.wall_clock(due_at, reader, now=now)} ({times.utc_beside(due_at, reader)})"


def register_topics() -> None:
    """Say what kinds of news of this app, and of those below it, people may choose from."""
    topics.add("obligations.reminder", Topic("Reminders", "What I owe, ahead of its deadline.", still_owed))
    topics.add("obligations.overdue", Topic("Overdue", "What I owe, or what has climbed to me, after it."))
    topics.add(
        KEYS, Topic("Keys and contracts that end", "Of providers that my team answers for.", still_ending)
    )
    topics.add("portal.trouble", Topic("Trouble of the portal itself", "Only administrators get it."))
    topics.add(TOPIC, Topic("Tests of how I am reached", "Once a week, where nothing has shown it."))
    topics.add(OTHER, Topic("Everything else", ""))
