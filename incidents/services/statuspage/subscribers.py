"""Writes of subscriptions: whoever asks is asked back by mail whether it was them (double opt-in)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from incidents.models import StatusComponent, StatusMail, StatusSubscriber
from incidents.public_status import SUBSCRIBER
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound, Unavailable
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.outbox.services import wakeup

AGAIN_AFTER = timedelta(minutes=10)
"""Whoever asks again sooner gets no second mail: nobody can be flooded by this form."""
MOST_QUESTIONS = 300
"""So many questions go out within an hour, whoever asks."""
FORGET_AFTER = timedelta(days=3)
"""A question that nobody answered is forgotten then, and its link no longer holds."""


def subscriber_ask(*, actor: Actor, now: datetime, email: str, components: Iterable[str] = ()) -> None:
    """Ask `email` whether it wants to be told of `components` (slugs; none for all).

    Says nothing of whether the address is known: whoever is subscribed already gets the link to their
    choice instead. Raises `InvalidInput`, and `Unavailable` where too many ask at once.
    """
    address = clean_address(email)
    wanted = clean_components(components)
    with write(actor=actor, now=now):
        _refuse_flood(now)
        standing = StatusSubscriber.objects.select_for_update().filter(email=address).first()
        if standing is None:
            standing = StatusSubscriber(email=address, components=wanted, asked_at=now)
            try:
                with transaction.atomic():
                    standing.save(force_insert=True)
            except IntegrityError:  # a twin of this request was faster, and its mail is on its way
                return
        elif standing.asked_at > now - AGAIN_AFTER:
            return
        else:
            standing.asked_at = now
            if standing.state == "asked":
                standing.components = wanted
            standing.save()
        StatusMail(subscriber=standing, due_at=now, created_at=now).save(force_insert=True)
        _record(actor, now, "asked", standing)
        transaction.on_commit(partial(wakeup.ask, "incidents.status_mail"), robust=True)


def subscriber_confirm(*, actor: Actor, now: datetime, pk: int) -> StatusSubscriber:
    """Make a subscription active and return it; again changes nothing. Raises `NotFound`, `IllegalMove`."""
    with write(actor=actor, now=now):
        subscriber = _locked(pk)
        if subscriber.state == "active":
            return subscriber
        subscriber.state = SUBSCRIBER.move(subscriber.state, "confirm")
        subscriber.confirmed_at = now
        subscriber.save()
        _record(actor, now, "confirmed", subscriber)
        return subscriber


def subscriber_choose(*, actor: Actor, now: datetime, pk: int, components: Iterable[str]) -> StatusSubscriber:
    """Change of which components (slugs; none for all) somebody hears. Raises `NotFound`, `InvalidInput`."""
    wanted = clean_components(components)
    with write(actor=actor, now=now):
        subscriber = _locked(pk)
        if subscriber.components == wanted:
            return subscriber
        subscriber.components = wanted
        subscriber.save()
        _record(actor, now, "chose", subscriber)
        return subscriber


def subscriber_leave(*, actor: Actor, now: datetime, pk: int) -> None:
    """End a subscription and erase its address; again changes nothing. Raises `NotFound`."""
    with write(actor=actor, now=now):
        subscriber = StatusSubscriber.objects.select_for_update().filter(pk=pk).first()
        if subscriber is None:
            raise NotFound("There is no such subscription.")
        if subscriber.state == "left":
            return
        subscriber.state = SUBSCRIBER.move(subscriber.state, "leave")
        subscriber.email, subscriber.components, subscriber.left_at = "", [], now
        subscriber.save()
        subscriber.mails.filter(state="waiting").delete()
        _record(actor, now, "left", subscriber)


def subscribers_forget(*, now: datetime) -> int:
    """Delete the addresses of those who never answered the question; return how many."""
    old = StatusSubscriber.objects.filter(state="asked", asked_at__lt=now - FORGET_AFTER)
    return old.delete()[1].get("incidents.StatusSubscriber", 0)


def clean_address(value: object) -> str:
    """Return an e-mail address in lower case. Raises `InvalidInput`."""
    text = clean_text(value, field="email", max_length=254, required=True, lines=False).lower()
    try:
        validate_email(text)
    except ValidationError:
        raise InvalidInput.of("email", "invalid", "This is no e-mail address.") from None
    return text


def clean_components(values: Iterable[str]) -> list[str]:
    """Return slugs of components, sorted, each once. Raises `InvalidInput` for an unknown one."""
    wanted = sorted(set(values))
    known = set(StatusComponent.objects.filter(slug__in=wanted).values_list("slug", flat=True))
    for slug in wanted:
        if slug not in known:
            raise InvalidInput.of("components", "unknown", "There is no such component.")
    return wanted


def _locked(pk: int) -> StatusSubscriber:
    subscriber = StatusSubscriber.objects.select_for_update().filter(pk=pk).exclude(state="left").first()
    if subscriber is None:
        raise NotFound("This subscription has ended. You can subscribe anew on the status page.")
    return subscriber


def _refuse_flood(now: datetime) -> None:
    lately = StatusMail.objects.filter(update__isnull=True, created_at__gt=now - timedelta(hours=1))
    if len(lately.values_list("pk", flat=True)[:MOST_QUESTIONS]) >= MOST_QUESTIONS:
        raise Unavailable("Too many people subscribe at the moment. Try again in an hour.")


def _record(actor: Actor, now: datetime, action: str, subscriber: StatusSubscriber) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"status_subscriber.{action}",
        object_kind="status_subscriber",
        object_key=str(subscriber.pk),
        data={"state": subscriber.state},
    )
