"""The tick: tell the owners of providers whose key ends, each step once, however late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from opsportal.accounts.services.periods import utc_day
from opsportal.catalog.expiry import take
from opsportal.catalog.models import Provider
from opsportal.catalog.services.records import record
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.faultpoints import reached
from opsportal.core.writes import write

ACTOR = Actor.system("catalog.keys")
_BATCH = 1_000


def keys_remind(*, clock: Callable[[], datetime]) -> int:
    """Have the owners told of each key that is due for it, and return of how many keys.

    `clock` is the database's (aware UTC). Each provider has a transaction of its own, in which it is claimed
    and its message put: two ticks at once never do the same twice. Raises `DueError` at the end where one
    of them failed, so that the heart does not beat.
    """
    now = clock()
    due = Provider.objects.filter(state="active", remind_on__lte=utc_day(now)).order_by("remind_on", "id")
    return each_due("keys of providers", due.values_list("pk", flat=True)[:_BATCH], _remind, now)


def _remind(pk: int, now: datetime) -> int:
    today = utc_day(now)
    with write(actor=ACTOR, now=now):
        rows = Provider.objects.select_for_update(skip_locked=True)
        provider = rows.filter(pk=pk, state="active", remind_on__lte=today).first()
        if provider is None or provider.remind_on is None or provider.key_expires_on is None:
            return 0
        taken = take(provider.key_expires_on, due_on=provider.remind_on, today=today)
        # Not a word of the provider itself: neither its version nor its history moves on.
        Provider.objects.filter(pk=pk).update(remind_on=taken.next_on)
        if taken.step is None:
            return 0
        record(
            actor=ACTOR,
            now=now,
            action="provider.reminded",
            kind="provider",
            key=provider.slug,
            data={
                "key_expires_on": provider.key_expires_on.isoformat(),
                "days": taken.step,
                "version": provider.version,
            },
        )
        reached("catalog.keys.before_commit")
        return 1
