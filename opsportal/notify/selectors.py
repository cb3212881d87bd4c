"""Reads of notifications and deliveries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, OuterRef, Prefetch, QuerySet, Subquery

from opsportal.accounts.models import User
from opsportal.notify import ack_links
from opsportal.notify.channels import channels
from opsportal.notify.models import (
    ChannelHealth,
    ChannelTarget,
    ContactMethod,
    Delivery,
    DeliveryAttempt,
    Notification,
    NotificationSettings,
    Page,
    ReachPlan,
)
from opsportal.notify.schedule import Rhythm
from opsportal.outbox.models import OutboxMessage

COUNT_CAP = 100


def inbox(user_id: UUID | str) -> QuerySet[Notification]:
    """Return what this person was told, newest first."""
    return Notification.objects.filter(recipient__pk=user_id).order_by("-created_at", "-id")


def unread_count(user_id: UUID | str) -> int:
    """Return how many notifications this person has not read, counted up to 100."""
    unread = Notification.objects.filter(recipient__pk=user_id, read_at__isnull=True)
    return len(unread.values_list("pk", flat=True)[:COUNT_CAP])


def dead_deliveries() -> QuerySet[Delivery]:
    """Return the deliveries that were given up and wait for an operator, newest first."""
    rows = Delivery.objects.filter(state="dead").select_related("notification", "digest", "page__target")
    return rows.order_by("-created_at", "-id")


def failing_channels() -> QuerySet[ChannelHealth]:
    """Return the channels that are away at present."""
    return ChannelHealth.objects.filter(failing_since__isnull=False).order_by("name")


def given_up_since(moment: datetime) -> int:
    """Return how many messages and deliveries were given up since `moment` (aware UTC) and still are."""
    messages = OutboxMessage.objects.filter(state="dead", finished_at__gte=moment).count()
    return messages + Delivery.objects.filter(state="dead", finished_at__gte=moment).count()


def dead_count() -> int:
    """Return how many messages and deliveries wait for an operator, counted up to 100 each."""
    messages = OutboxMessage.objects.filter(state="dead").values_list("pk", flat=True)[:COUNT_CAP]
    deliveries = Delivery.objects.filter(state="dead").values_list("pk", flat=True)[:COUNT_CAP]
    return len(messages) + len(deliveries)


def channels_check() -> tuple[bool, str]:
    """Return whether every channel lets through what is sent, for `/ready`."""
    failing = [f"{row.name}: {row.error}" for row in failing_channels()]
    return (False, f"away: {'; '.join(failing)}") if failing else (True, "no channel is away")


def settings_of(user_id: UUID | str) -> NotificationSettings:
    """Return what this person has chosen; the defaults, not stored, where they have chosen nothing."""
    row = NotificationSettings.objects.filter(user__pk=user_id).first()
    return row or NotificationSettings(user_id=UUID(str(user_id)))


def choices_of(people: Collection[User]) -> dict[UUID, NotificationSettings]:
    """Return what each of `people` has chosen, by one query."""
    found = {row.user_id: row for row in NotificationSettings.objects.filter(user__in=people)}
    return {person.pk: found.get(person.pk) or NotificationSettings(user=person) for person in people}


def rhythms_of(people: Collection[User]) -> dict[UUID, Rhythm]:
    """Return when each of `people` wants to hear of what is not urgent, by one query."""
    choices = choices_of(people)
    return {person.pk: choices[person.pk].rhythm(person.time_zone) for person in people}


def routes_of(chosen: NotificationSettings, topic: str, urgency: str) -> list[str]:
    """Return by which channels news of this topic comes to a person.

    Nobody can shut out what is urgent: where they chose no channel for it, it comes by all of them.
    """
    every = list(channels)
    wanted = chosen.routes.get(topic, every)
    routes = [channel for channel in every if channel in wanted]
    return every if not routes and urgency == Notification.Urgency.HIGH else routes


def page_behind(token: str, *, now: datetime) -> Page | None:
    """Return the page, with its person, of which a signed link speaks; None where the link is not good."""
    pk = ack_links.page_of(token, now=now)
    found = Page.objects.select_related("recipient").filter(pk=pk).first() if pk else None
    if found is None or found.recipient is None or not found.recipient.is_active:
        return None
    return found


def person_at(kind: str, address: str) -> User | None:
    """Return the active person who verified this address; None where nobody did, or several did."""
    found = ContactMethod.objects.select_related("user").filter(
        kind=kind, address=address, state="verified", user__is_active=True
    )
    people = {row.user_id: row.user for row in found[:2]} if address else {}
    return next(iter(people.values())) if len(people) == 1 else None


def waiting_pages(person: UUID, reference: str = "") -> list[Page]:
    """Return what this person has not acknowledged, newest first; of one reference, where it is given."""
    rows = Page.objects.filter(recipient__pk=person, state__in=["paging", "failed"]).exclude(purpose="code")
    if reference:
        rows = rows.filter(reference__iexact=reference)
    return list(rows.order_by("-created_at", "-id")[:10])


def methods_of(person: UUID | str) -> list[ContactMethod]:
    """Return this person's ways to be reached, the verified ones among them."""
    return list(ContactMethod.objects.filter(user__pk=person).exclude(state="removed"))


def plan_of(person: UUID | str) -> ReachPlan:
    """Return in which order this person wants to be paged; the default, not stored, where they chose none."""
    return ReachPlan.objects.filter(user__pk=person).first() or ReachPlan(user_id=UUID(str(person)))


def pages_of(person: UUID | str) -> QuerySet[Page]:
    """Return what this person was paged about, newest first."""
    rows = Page.objects.filter(recipient__pk=person, purpose=Page.Purpose.PAGE)
    return rows.order_by("-created_at", "-id")


def waiting_tests(person: UUID | str, now: datetime) -> list[Page]:
    """Return the tests of the last day that this person has not confirmed, the newest of each way."""
    rows = Page.objects.select_related("method").filter(
        recipient__pk=person,
        purpose=Page.Purpose.TEST,
        state__in=["paging", "failed"],
        created_at__gt=now - timedelta(days=1),
    )
    newest = {row.method_id: row for row in rows.order_by("created_at", "id")}
    return list(newest.values())


def page_with_attempts(pk: UUID) -> Page | None:
    """Return a page with its steps and their attempts, in order."""
    attempts = Prefetch("attempts", DeliveryAttempt.objects.order_by("number"))
    steps = Prefetch("deliveries", Delivery.objects.order_by("position").prefetch_related(attempts))
    rows = Page.objects.select_related("recipient", "target").prefetch_related(steps)
    return rows.filter(pk=pk).first()


def targets_with_tests() -> list[tuple[ChannelTarget, Page | None]]:
    """Return every channel target with its newest page, by as many queries for many as for one."""
    targets = list(ChannelTarget.objects.order_by("slug"))
    newest = Page.objects.filter(target=OuterRef("pk")).order_by("-created_at", "-id").values("pk")[:1]
    keys = ChannelTarget.objects.annotate(newest=Subquery(newest)).values_list("newest", flat=True)
    pages = Page.objects.filter(pk__in=list(filter(None, keys))).prefetch_related("deliveries")
    found = {page.target_id: page for page in pages}
    return [(row, found.get(row.pk)) for row in targets]


def reached_at(people: Collection[UUID | str]) -> dict[UUID, datetime]:
    """Return when something that was sent to each of `people` last demonstrably arrived, by two queries.

    A code that was typed in, a test or a page that was acknowledged. Whoever is not in it has shown
    nothing yet.
    """
    ids = {UUID(str(person)) for person in people}
    found: dict[UUID, datetime] = {}
    methods = ContactMethod.objects.filter(user__in=ids, confirmed_at__isnull=False).exclude(state="removed")
    answered = Page.objects.filter(recipient__in=ids, state="acknowledged", ended_at__isnull=False)
    for person, at in (
        *methods.values_list("user_id").annotate(at=Max("confirmed_at")),
        *answered.values_list("recipient_id").annotate(at=Max("ended_at")),
    ):
        found[person] = max(at, found.get(person, at))
    return found
