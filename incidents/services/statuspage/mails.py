"""Sending the mails of the status page: claim with a lease, hand over, record.

At least once: who dies between hand-over and record leaves a lease that runs out, and the mail goes out
again under the same Message-ID.
"""

from __future__ import annotations

import contextlib
import smtplib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string

from incidents.models import StatusMail, StatusUpdate
from incidents.public_status import IMPACT_WORDS, NOTICE_WORDS, STATUS_MAIL
from incidents.services.statuspage.links import CONFIRM, MANAGE, link_of
from incidents.services.statuspage.subscribers import subscribers_forget
from opsportal.core.connections import drop_broken_connection
from opsportal.core.faultpoints import reached
from opsportal.outbox import backoff
from opsportal.outbox.services.prune import delete_in_batches

LEASE = timedelta(seconds=60)
KEEP = timedelta(days=7)
_BUDGET_SECONDS = 15.0
_log = structlog.get_logger(__name__)


def status_mails_send(*, clock: Callable[[], datetime]) -> int:
    """Send what is due, the longest due first, for 15 s at most; return how many were handed over.

    `clock` is the database's (aware UTC). One connection serves all of them; a server that is away ends
    the run, and costs no mail a try.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    sent = 0
    connection: Any = None
    try:
        while time.monotonic() < stop_at:
            mail = _claim(clock())
            if mail is None:
                break
            if connection is None:
                connection = _opened(mail, clock)
                if connection is None:
                    break
            sent += _send(mail, connection, clock)
    finally:
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.close()
    return sent


def status_mails_prune(*, now: datetime) -> int:
    """Delete mails that ended more than 7 days before `now`, and unanswered questions; return how many."""
    over = StatusMail.objects.filter(finished_at__lt=now - KEEP)
    return delete_in_batches(over) + subscribers_forget(now=now)


def _claim(now: datetime) -> StatusMail | None:
    with transaction.atomic():
        row = (
            StatusMail.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("subscriber", "update__notice")
            .filter(state="waiting", due_at__lte=now)
            .order_by("due_at", "id")
            .first()
        )
        if row is not None:
            row.attempt += 1
            row.tries += 1
            row.due_at = now + LEASE
            row.save(update_fields=["attempt", "tries", "due_at"])
        return row


def _opened(mail: StatusMail, clock: Callable[[], datetime]) -> Any:
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        _log.warning("status_mail.away", error=type(error).__name__)
        now = clock()
        _record(mail, due_at=now + backoff.delay_after(1), tries=mail.tries - 1, error=type(error).__name__)
        return None
    return connection


def _send(mail: StatusMail, connection: Any, clock: Callable[[], datetime]) -> int:
    wanted = "asked" if mail.update is None else "active"
    if mail.subscriber.state not in (wanted, "active"):
        _end(mail, "skip", clock())
        return 0
    if backoff.is_spent(mail.tries - 1):
        _end(mail, "give_up", clock(), error="tried_too_often")
        return 0
    reached("status_mail.claimed")
    try:
        connection.send_messages([message_of(mail)])
    except (smtplib.SMTPException, OSError, ValueError) as error:
        _log.warning("status_mail.failed", mail=mail.pk, error=type(error).__name__)
        if isinstance(error, smtplib.SMTPRecipientsRefused | ValueError):
            _end(mail, "give_up", clock(), error=type(error).__name__)
        else:
            again_at = clock() + backoff.delay_after(mail.tries)
            _record(mail, due_at=again_at, error=type(error).__name__)
        return 0
    except Exception:  # noqa: BLE001 - logged; one bad mail must not hold up the others
        _log.exception("status_mail.crashed", mail=mail.pk)
        drop_broken_connection()
        _record(mail, due_at=clock() + backoff.delay_after(mail.tries), error="crashed")
        return 0
    reached("status_mail.after_send")
    _end(mail, "finish", clock())
    return 1


def message_of(mail: StatusMail) -> EmailMessage:
    """Return the mail. Its Message-ID is the same at every try; nothing in its subject becomes a header."""
    manage = link_of(MANAGE, mail.subscriber.pk)
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {"Message-ID": f"<status-{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"}
    if mail.update is None:
        active = mail.subscriber.state == "active"
        link = manage if active else link_of(CONFIRM, mail.subscriber.pk)
        template = "known" if active else "confirm"
        subject = f"{settings.STATUS_TITLE}: your subscription"
        context: dict[str, Any] = {"link": link}
    else:
        headers |= {"List-Unsubscribe": f"<{manage}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        template, subject = "update", _subject(mail.update)
        context = {"lines": _lines(mail.update), "text": mail.update.text, "link": _page(mail.update)}
    body = render_to_string(
        f"incidents/statuspage/mail_{template}.txt",
        {**context, "manage": manage, "title": settings.STATUS_TITLE},
    )
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.subscriber.email],
        headers=headers,
    )


def _subject(update: StatusUpdate) -> str:
    return f"{NOTICE_WORDS[update.state]}: {update.notice.title}"


def _lines(update: StatusUpdate) -> list[str]:
    names = dict(update.notice.parts.values_list("component__slug", "component__name"))
    lines = [f"{names.get(slug, slug)}: {IMPACT_WORDS[impact]}" for slug, impact in update.impacts.items()]
    if update.notice.kind == "maintenance" and update.ends_at is not None:
        lines.append(f"From {update.starts_at:%Y-%m-%d %H:%M} to {update.ends_at:%Y-%m-%d %H:%M} UTC")
    return lines


def _page(update: StatusUpdate) -> str:
    return f"{settings.PUBLIC_URL}/status/notices/{update.notice_id}/"


def _end(mail: StatusMail, verb: str, now: datetime, *, error: str = "") -> None:
    _record(mail, state=STATUS_MAIL.move("waiting", verb), due_at=None, finished_at=now, error=error)


def _record(mail: StatusMail, **fields: Any) -> None:
    ours = StatusMail.objects.filter(pk=mail.pk, attempt=mail.attempt, state="waiting").update(**fields)
    if not ours:
        _log.warning("status_mail.superseded", mail=mail.pk, attempt=mail.attempt)
