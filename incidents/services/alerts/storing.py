"""The alerts of a message, set against what is known, in a bounded number of statements.

There is one latest occurrence of each fingerprint: an index says so. What is known is locked in the order of
the fingerprints; who loses the race to insert a first occurrence looks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When

from incidents.ingest.arrived import Arrived
from incidents.ingest.occurrences import Known, Meaning, ends_at, meaning
from incidents.models import Alert, Integration
from incidents.severities import severity_named
from incidents.states import ALERT, HANDLING
from opsportal.core.prepared import preparing_cursor
from opsportal.core.statements import Marks, Statement
from opsportal.core.storing import insert_new

_COLUMNS = ("fingerprint", "pk", "state", "starts_at", "ends_at", "acknowledged_at", "handling")
_REPEATED = "UPDATE incidents_alert SET count = count + %s, last_received_at = %s WHERE id = %s"
_CLOSED = (
    "UPDATE incidents_alert SET state = %s, is_latest = %s, ends_at = %s, count = count + 1,"
    " last_received_at = %s, due_at = CASE WHEN handling = 'kept' THEN NULL ELSE %s END WHERE id = %s"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many alerts of a message meant what; `is_due` says whether there is something to do about them."""

    meanings: Counter[Meaning]
    is_due: bool

    @property
    def new(self) -> int:
        return self.meanings[Meaning.OPEN] + self.meanings[Meaning.FOLLOW]

    @property
    def resolved(self) -> int:
        return self.meanings[Meaning.CLOSE] + self.meanings[Meaning.RECORD]

    @property
    def repeated(self) -> int:
        return self.meanings[Meaning.REPEAT]


@dataclass(frozen=True, slots=True)
class _Came:
    """Where a message came from, its row, and when."""

    integration: Integration
    message: int
    now: datetime


@dataclass(slots=True)
class _Latest:
    """The latest occurrence of a fingerprint while its arrivals are gone through."""

    known: Known
    pk: int = 0
    row: Alert | None = None
    """The row to insert, where it is new."""


@dataclass(slots=True)
class _Track:
    """What is to be written for one fingerprint."""

    latest: _Latest | None = None
    fresh: list[Alert] = field(default_factory=list)
    repeats: int = 0
    closed: tuple[int, datetime] | None = None
    followed: int = 0
    acknowledged: int = 0
    standing: int = 0
    meanings: list[Meaning] = field(default_factory=list)


def alerts_store(
    *, now: datetime, integration: Integration, message: int, alerts: Iterable[Arrived]
) -> Stored:
    """Store alerts of one message (the key of its row) inside the caller's write; return what they meant."""
    waiting: dict[str, list[Arrived]] = {}
    for alert in alerts:
        waiting.setdefault(alert.fingerprint, []).append(alert)
    came = _Came(integration, message, now)
    meanings: Counter[Meaning] = Counter()
    is_due = False
    while waiting:
        standing = _standing(integration, sorted(waiting))
        tracks = {
            fingerprint: _gone_through(arrivals, standing.get(fingerprint), came)
            for fingerprint, arrivals in waiting.items()
        }
        lost = _write(tracks, now)
        for fingerprint, track in tracks.items():
            if fingerprint not in lost:
                meanings.update(track.meanings)
                is_due = is_due or bool(track.closed or track.acknowledged or track.fresh)
        waiting = {fingerprint: waiting[fingerprint] for fingerprint in sorted(lost)}
    return Stored(meanings, is_due)


def _latest_of(integration: Any, fingerprints: Q) -> QuerySet[Alert, tuple[Any, ...]]:
    rows = Alert.objects.filter(fingerprints, integration=integration, is_latest=True)
    return rows.order_by("fingerprint").values_list(*_COLUMNS)


def _one(mark: Marks) -> QuerySet[Alert, tuple[Any, ...]]:
    return _latest_of(mark.number("integration"), Q(fingerprint=mark.text("fingerprint")))


_ONE = Statement(_one, lock_table=Alert._meta.db_table)


def _standing(integration: Integration, fingerprints: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return the latest occurrence of each fingerprint that has one, locked."""
    if len(fingerprints) == 1:
        found = _ONE.rows(integration=integration.pk, fingerprint=fingerprints[0])
        return {row[0]: row for row in found}
    rows = _latest_of(integration.pk, Q(fingerprint__in=fingerprints)).select_for_update()
    return {row[0]: row for row in rows}


def _gone_through(arrivals: Sequence[Arrived], standing: tuple[Any, ...] | None, came: _Came) -> _Track:
    track = _Track()
    if standing is not None:
        _, pk, state, starts_at, ended_at, acknowledged_at, _ = standing
        known = Known(state == ALERT.initial, starts_at, ended_at, acknowledged_at is not None)
        track.latest, track.standing = _Latest(known, pk), pk
    for arrived in arrivals:
        meant = meaning(arrived, track.latest.known if track.latest else None)
        track.meanings.append(meant)
        match meant:
            case Meaning.OPEN | Meaning.FOLLOW | Meaning.RECORD:
                _open(track, arrived, meant, came)
            case Meaning.CLOSE if track.latest is not None:
                _close(track, track.latest, ends_at(arrived, track.latest.known.starts_at, came.now))
            case Meaning.ACKNOWLEDGE if track.latest is not None:
                _acknowledge(track, track.latest, came.now)
            case Meaning.REPEAT if track.latest is not None:
                if track.latest.row is not None:
                    track.latest.row.count += 1
                else:
                    track.repeats += 1
            case _:
                pass
    return track


def _open(track: _Track, arrived: Arrived, meant: Meaning, came: _Came) -> None:
    starts_at = arrived.starts_at or came.now
    before = track.latest
    if before is not None:
        if meant is Meaning.FOLLOW:
            _close(track, before, max(starts_at, before.known.starts_at))
        if before.row is not None:
            before.row.is_latest = False
        else:
            track.followed = before.pk
    row = _row(arrived, starts_at, came)
    ended_at = None
    if meant is Meaning.RECORD:
        ended_at = ends_at(arrived, starts_at, came.now)
        _end(row, ended_at)
    track.fresh.append(row)
    track.latest = _Latest(Known(meant is not Meaning.RECORD, starts_at, ended_at), row=row)


def _close(track: _Track, latest: _Latest, at: datetime) -> None:
    latest.known = Known(False, latest.known.starts_at, at)
    if latest.row is not None:
        _end(latest.row, at)
    else:
        track.closed = latest.pk, at


def _end(row: Alert, at: datetime) -> None:
    """End an occurrence that nobody has been told of yet: there is nothing to do about it any more."""
    row.state = ALERT.move("firing", "resolve")
    row.ends_at = at
    row.handling = HANDLING.move("waiting", "keep")
    row.due_at = None


def _acknowledge(track: _Track, latest: _Latest, now: datetime) -> None:
    known = latest.known
    latest.known = Known(True, known.starts_at, known.ends_at, is_acknowledged=True)
    if latest.row is not None:
        latest.row.acknowledged_at = now
    else:
        track.acknowledged = latest.pk


def _row(arrived: Arrived, starts_at: datetime, came: _Came) -> Alert:
    integration, now = came.integration, came.now
    word = arrived.severity
    if integration.severity_label:
        word = arrived.labels.get(integration.severity_label, "") or word
    return Alert(
        integration=integration,
        fingerprint=arrived.fingerprint,
        starts_at=starts_at,
        title=arrived.title,
        labels=dict(arrived.labels),
        annotations=dict(arrived.annotations),
        links=[{"text": link.text, "href": link.href} for link in arrived.links],
        severity=severity_named(word, integration.severity_table) or integration.severity,
        severity_word=word[:200],
        category=arrived.category,
        restricted=arrived.category == "security",
        received_at=now,
        last_received_at=now,
        message_id=came.message,
        due_at=now,
    )


def _write(tracks: dict[str, _Track], now: datetime) -> set[str]:
    """Write what the tracks say, and return the fingerprints for which somebody else was faster.

    That can only be where nothing stood, so that nothing but its insert was tried for such a one.
    """
    _close_rows([track for track in tracks.values() if track.closed], now)
    # The index admits one latest occurrence: the one before it makes room first.
    over = [track.followed for track in tracks.values() if track.followed and not track.closed]
    if over:
        Alert.objects.filter(pk__in=over).update(is_latest=False)
    latest = [row for name in sorted(tracks) for row in tracks[name].fresh if row.is_latest]
    stored = insert_new(latest, known_by="fingerprint")
    lost = {row.fingerprint for row in latest} - set(stored)
    won = [track for name, track in tracks.items() if name not in lost]
    insert_new([row for track in won for row in track.fresh if not row.is_latest], known_by="id")
    _acknowledge_rows([track.acknowledged for track in won if track.acknowledged], now)
    _count([track for track in won if track.repeats], now)
    return lost


def _close_rows(tracks: Sequence[_Track], now: datetime) -> None:
    over = ALERT.move("firing", "resolve")
    adapted = connection.ops.adapt_datetimefield_value
    if len(tracks) == 1 and tracks[0].closed:
        pk, at = tracks[0].closed
        with preparing_cursor() as cursor:
            values: list[Any] = [over, tracks[0].followed != pk, adapted(at), adapted(now), adapted(now), pk]
            cursor.execute(_CLOSED, values)
    elif tracks:
        ends = [When(pk=track.closed[0], then=Value(track.closed[1])) for track in tracks if track.closed]
        followed = [track.followed for track in tracks if track.followed]
        Alert.objects.filter(pk__in=[track.closed[0] for track in tracks if track.closed]).update(
            state=over,
            is_latest=Case(When(pk__in=followed, then=Value(False)), default=Value(True))
            if followed
            else True,
            ends_at=Case(*ends, output_field=DateTimeField()),
            count=F("count") + 1,
            last_received_at=now,
            due_at=_due_unless_kept(now),
        )


def _acknowledge_rows(keys: Sequence[int], now: datetime) -> None:
    if keys:
        Alert.objects.filter(pk__in=keys).update(
            acknowledged_at=now,
            count=F("count") + 1,
            last_received_at=now,
            due_at=_due_unless_kept(now),
        )


def _count(tracks: Sequence[_Track], now: datetime) -> None:
    repeated: dict[int, list[int]] = {}
    for track in tracks:
        repeated.setdefault(track.repeats, []).append(track.standing)
    for times, keys in repeated.items():
        if len(keys) == 1:
            with preparing_cursor() as cursor:
                cursor.execute(_REPEATED, [times, connection.ops.adapt_datetimefield_value(now), keys[0]])
        else:
            Alert.objects.filter(pk__in=keys).update(count=F("count") + times, last_received_at=now)


def _due_unless_kept(now: datetime) -> Case:
    """Return when something is to be done about it: at once, but never about what nobody was told of."""
    return Case(When(handling="kept", then=None), default=Value(now), output_field=DateTimeField())
