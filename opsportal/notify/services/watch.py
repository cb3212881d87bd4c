"""Telling the administrators that something of the portal itself stands still or was given up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from opsportal.accounts.models import User
from opsportal.notify.selectors import failing_channels, given_up_since
from opsportal.notify.services.notify import notify
from opsportal.outbox.selectors import stale_ticks
from opsportal.outbox.services import silence_excuse

TICK = "notify.watch"
CHANNEL_PATIENCE = timedelta(minutes=10)


class Alarm(NamedTuple):
    """What is wrong. `key` names this one occasion, so that nobody is told of it twice."""

    key: str
    subject: str
    body: str


def operators_warn(*, now: datetime) -> int:
    """Tell every administrator what is wrong at `now` (aware UTC), each thing once; return how many things.

    When all ticks stand still, this one does too: then `/ready?for=worker` and the home page tell, and
    nobody is alarmed of it after a restart, of each tick.
    """
    silence_excuse(now=now, watcher=TICK)
    alarms = list(_alarms(now))
    administrators = list(User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True))
    for alarm in alarms:
        notify(
            now=now,
            message_key=alarm.key,
            recipients=administrators,
            subject=alarm.subject,
            body=alarm.body,
            url="/operations/",
            urgency="high",
            topic="portal.trouble",
        )
    return len(alarms)


def _alarms(now: datetime) -> Iterator[Alarm]:
    for pulse in stale_ticks(now):
        if pulse.is_to_blame and pulse.tick.name != TICK:
            last = f"{pulse.finished_at:%Y-%m-%d %H:%M} UTC" if pulse.finished_at else "never"
            yield Alarm(
                f"watch:tick:{pulse.tick.name}:{last}",
                f"The portal's tick {pulse.tick.name} does not run",
                f"It last went through: {last}. Meanwhile, {pulse.tick.without_it}.\n{pulse.error}",
            )
    for channel in failing_channels():
        if channel.failing_since and now - channel.failing_since > CHANNEL_PATIENCE:
            yield Alarm(
                f"watch:channel:{channel.name}:{channel.failing_since.isoformat()}",
                f"Nothing can be sent by {channel.name}",
                f"Since {channel.failing_since:%Y-%m-%d %H:%M} UTC: {channel.error}. Meanwhile, it waits.",
            )
    if count := given_up_since(now - timedelta(hours=1)):
        yield Alarm(
            f"watch:given_up:{now:%Y-%m-%dT%H}",
            f"The portal has given up telling somebody something ({count} times in the last hour)",
            "Look at what failed and why, then let it be tried again or dismiss it.",
        )
