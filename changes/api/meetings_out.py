"""What goes out about meetings of boards: when they are, what is on the agenda, what was decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from changes.api.approvals_out import StageOut, VoteOut, stage_out, vote_out
from changes.api.changes_out import (
    HASH,
    LONG,
    NAME,
    SLUG,
    URL,
    ConflictOut,
    PersonOut,
    TargetOut,
    conflict_out,
    person_out,
)
from changes.models import AgendaItem, Change, Meeting, MeetingDecision, MeetingPresence
from changes.models.changes import PREFIX as CHANGE_PREFIX
from changes.models.meetings import PREFIX
from changes.selectors import changes_loaded, conflicts_of_all
from changes.selectors.meetings import Matter
from changes.services.meeting_fields import MAX_NOTE, MAX_PLACE
from changes.services.meetings import MAX_MINUTES
from changes.services.rule_lines import Line, rule_lines
from changes.services.seen_facts import FactsAt
from changes.states import MEETING
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.approvals.selectors import Progress, live_requests, progress_of_all
from opsportal.core.keys import number_of
from opsportal.core.registry import person_names
from opsportal.standards.selectors import standard_by_hash

KEY = 30
RULE = 120


class PresenceOut(Body):
    """Whether somebody was there."""

    person = PersonOut()
    presence = serializers.ChoiceField(MeetingPresence.Presence.choices)


class MeetingOut(Body):
    """A meeting of a board."""

    key = Text(max_length=KEY)
    board = Text(max_length=SLUG, help_text="Slug of the board.")
    title = Text(max_length=NAME)
    state = serializers.ChoiceField(MEETING.choices)
    starts_at = Moment()
    ends_at = Moment()
    place = Text(max_length=MAX_PLACE, help_text="A room, or a link.")
    note = Text(max_length=MAX_NOTE)
    rule = Text(max_length=RULE, help_text="How often it takes place, as an RRULE; empty for a single one.")
    zone = Text(max_length=64, help_text="The time zone of a series' clocks.")
    follows = Text(max_length=KEY, allow_null=True, help_text="The meeting before it in its series.")
    called_by = PersonOut()
    called_at = Moment()
    over_by = PersonOut(allow_null=True, help_text="Who closed the minutes, or cancelled it.")
    over_at = Moment(allow_null=True)
    minutes = Text(max_length=MAX_MINUTES, help_text="What was noted at the end, or why it was cancelled.")
    attendance = PresenceOut(many=True)
    url = Text(max_length=500, help_text="Its page, for people.")
    updated_at = Moment()
    version = WholeNumber()


class MeetingPage(Body):
    """One page of meetings."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = MeetingOut(many=True)


class RuleLineOut(Body):
    """What one rule of its standard says of it."""

    rule = Text(max_length=RULE)
    title = Text(max_length=200)
    met = Flag(allow_null=True, help_text="Empty where it is not known yet.")
    detail = Text(max_length=LONG)
    quote = Text(max_length=LONG, help_text="In the words of the document.")


class AgendaChangeOut(Body):
    """What one has to know of a change to decide on it."""

    type = serializers.ChoiceField(Change.Type.choices)
    risk = serializers.ChoiceField(Change.Risk.choices)
    content_hash = Text(max_length=HASH, help_text="What a vote has to name.")
    window_start = Moment(allow_null=True)
    window_end = Moment(allow_null=True)
    targets = TargetOut(many=True)
    conflicts = ConflictOut(many=True)
    rules = RuleLineOut(many=True, help_text="What the standard asked for when it was submitted.")


class MatterOut(Body):
    """One thing on an agenda."""

    kind = Text(max_length=10, help_text="`change`, `template`, or empty for a matter of its own.")
    key = Text(max_length=SLUG, help_text="The key of the change, or the slug of the template.")
    title = Text(max_length=200)
    why = serializers.ChoiceField(AgendaItem.Why.choices)
    state = Text(max_length=60, help_text="Where it stands; for a meeting that is over, where it stood then.")
    reason = Text(max_length=LONG, help_text="Why somebody put it there.")
    item = WholeNumber(allow_null=True, help_text="Its number, where somebody put it there.")
    added_by = PersonOut(allow_null=True)
    stages = StageOut(many=True, help_text="How far its approval has come, with the votes so far.")
    change = AgendaChangeOut(allow_null=True, help_text="Only for a change, while the meeting is planned.")


class AgendaPage(Body):
    """The whole agenda, what presses most first."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = MatterOut(many=True)


class MeetingDecisionOut(VoteOut):
    """A vote that was cast in a meeting."""

    kind = Text(max_length=10, help_text="`change` or `template`.")
    key = Text(max_length=SLUG)
    stage = Text(max_length=SLUG)
    stage_state = Text(max_length=20, help_text="Where the stage stands now.")


class MeetingDecisionPage(Body):
    """What was decided in a meeting, in order."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = MeetingDecisionOut(many=True)


def meeting_out(meeting: Meeting) -> dict[str, Any]:
    """Return what the API says of a meeting, loaded with board, people and presences."""
    return {
        "key": meeting.key,
        "board": meeting.board.slug,
        "title": meeting.title,
        "state": meeting.state,
        "starts_at": utc(meeting.starts_at),
        "ends_at": utc(meeting.ends_at),
        "place": meeting.place,
        "note": meeting.note,
        "rule": meeting.rule,
        "zone": meeting.zone,
        "follows": f"{PREFIX}-{meeting.follows_id}" if meeting.follows_id else None,
        "called_by": person_out(meeting.called_by),
        "called_at": utc(meeting.called_at),
        "over_by": person_out(meeting.over_by),
        "over_at": utc(meeting.over_at),
        "minutes": meeting.minutes,
        "attendance": [
            {"person": person_out(row.person), "presence": row.presence} for row in meeting.presences.all()
        ],
        "url": f"{settings.PUBLIC_URL}/cab/{meeting.key}/",
        "updated_at": utc(meeting.updated_at),
        "version": meeting.version,
    }


def decision_out(decision: MeetingDecision) -> dict[str, Any]:
    """Return what the API says of a decision from `decisions_of`."""
    vote = decision.vote
    return {
        **vote_out(vote),
        "kind": vote.request.subject_kind,
        "key": vote.request.subject_key,
        "stage": vote.stage.stage_id,
        "stage_state": vote.stage.state,
    }


def agenda_out(matters: Iterable[Matter], now: datetime, *, is_open: bool) -> list[dict[str, Any]]:
    """Return what the API says of an agenda at `now` (aware UTC); for an open one, all to decide on it."""
    matters = list(matters)
    stages = {kind: _stages_of(kind, matters, now) for kind in ("change", "template")}
    changes = _changes_of(matters, now) if is_open else {}
    names = person_names["people"]({("user", one.added_by) for one in matters if one.added_by})
    return [
        {
            "kind": one.kind,
            "key": one.key,
            "title": one.title,
            "why": one.why,
            "state": one.state,
            "reason": one.reason,
            "item": one.item,
            "added_by": {"id": one.added_by, "name": names.get(("user", one.added_by), "")}
            if one.added_by
            else None,
            "stages": [stage_out(progress) for progress in stages.get(one.kind, {}).get(one.key, ())],
            "change": changes.get(one.key) if one.kind == "change" else None,
        }
        for one in matters
    ]


def _stages_of(kind: str, matters: Collection[Matter], now: datetime) -> dict[str, list[Progress]]:
    keys = [one.key for one in matters if one.kind == kind]
    requests = live_requests(kind, keys) if keys else {}
    progress = progress_of_all(list(requests.values()), now) if requests else {}
    return {key: progress[request.pk] for key, request in requests.items()}


def _changes_of(matters: Iterable[Matter], now: datetime) -> dict[str, dict[str, Any]]:
    numbers = [number_of(one.key, CHANGE_PREFIX) for one in matters if one.kind == "change"]
    rows = list(changes_loaded().filter(pk__in=[number for number in numbers if number]))
    conflicts, facts_at = conflicts_of_all(rows), FactsAt(now)
    found: dict[str, dict[str, Any]] = {}
    for change in rows:
        targets = list(change.targets.all())
        lines: list[Line] = []
        if change.standard_hash:
            standard = standard_by_hash(change.standard_hash)
            lines = rule_lines(standard, "change.submit", facts_at.of(change, targets, standard))
        found[change.key] = {
            "type": change.type,
            "risk": change.risk,
            "content_hash": change.content_hash,
            "window_start": utc(change.window_start),
            "window_end": utc(change.window_end),
            "targets": [
                {"service": target.service.slug, "environment": target.environment.slug} for target in targets
            ],
            "conflicts": [conflict_out(one) for one in conflicts[change.pk]],
            "rules": [
                {
                    "rule": line.rule,
                    "title": line.title,
                    "met": line.met,
                    "detail": line.detail,
                    "quote": line.quote,
                }
                for line in lines
            ],
        }
    return found
