"""The API of meetings: calling them, their agenda, deciding in them, and closing the minutes."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import IF_MATCH
from changes.api.changes_bodies import HASH, SLUG, NeededReasonBody
from changes.api.meetings_out import (
    KEY,
    RULE,
    AgendaPage,
    MeetingDecisionOut,
    MeetingDecisionPage,
    MeetingOut,
    MeetingPage,
    agenda_out,
    decision_out,
    meeting_out,
)
from changes.models import Meeting, MeetingPresence
from changes.selectors.meetings import (
    MEETING_ORDERINGS,
    agenda_of,
    decisions_of,
    meeting_by_key,
    meetings_loaded,
)
from changes.services.comments import MAX_COMMENT
from changes.services.meeting_agenda import (
    MAX_REASON,
    MAX_TITLE,
    meeting_attend,
    meeting_item_add,
    meeting_item_remove,
)
from changes.services.meeting_decisions import meeting_decide
from changes.services.meeting_fields import MAX_NOTE, MAX_PLACE
from changes.services.meetings import (
    MAX_MINUTES,
    meeting_call,
    meeting_cancel,
    meeting_close,
    meeting_edit,
)
from changes.states import MEETING
from opsportal.accounts.models import Role
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.models import Vote
from opsportal.approvals.models.conditions import MAX_CONDITION, MAX_CONDITIONS
from opsportal.approvals.outcome import Decision
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput

FILTERS = [
    OpenApiParameter("state", str, enum=list(MEETING.states)),
    OpenApiParameter("board", str, description="Slug of a board."),
    OpenApiParameter("from", str, description="Only what ends at or after this time."),
    OpenApiParameter("to", str, description="Only what starts before this time."),
    OpenApiParameter("ordering", str, enum=sorted(MEETING_ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]
_MOMENTS = {"from": "ends_at__gte", "to": "starts_at__lt"}
NAMES = frozenset({"state", "board", *_MOMENTS})
DECISION_ORDERINGS = {"id": ("id",)}


class MeetingPatch(Body):
    """What is another from now on."""

    starts_at = Moment(required=False)
    ends_at = Moment(required=False, help_text="At most 12 hours later.")
    place = Text(max_length=MAX_PLACE, required=False, help_text="A room, or a link.")
    note = Text(max_length=MAX_NOTE, lines=True, required=False)
    rule = Text(
        max_length=RULE,
        required=False,
        help_text="`FREQ=WEEKLY;BYDAY=TU`: when this one is over, the next is planned. Empty: a single one.",
    )
    zone = Text(max_length=64, required=False, help_text="The time zone of a series' clocks; UTC if absent.")
    version = WholeNumber(required=False)


class MeetingBody(Body):
    """A meeting that is called."""

    board = Text(max_length=SLUG, blank=False, help_text="Slug of the board.")
    starts_at = Moment()
    ends_at = Moment(help_text="At most 12 hours later.")
    place = Text(max_length=MAX_PLACE, required=False, help_text="A room, or a link.")
    note = Text(max_length=MAX_NOTE, lines=True, required=False)
    rule = Text(
        max_length=RULE,
        required=False,
        help_text="`FREQ=WEEKLY;BYDAY=TU`: when this one is over, the next one is planned.",
    )
    zone = Text(max_length=64, required=False, help_text="The time zone of a series' clocks; UTC if absent.")


class MinutesBody(Body):
    """What was noted."""

    minutes = Text(max_length=MAX_MINUTES, lines=True, required=False)
    version = WholeNumber(required=False)


class ItemBody(Body):
    """Something to talk about: a change, a template, or a matter of its own, and why."""

    change = Text(max_length=KEY, required=False, help_text="The key of a change.")
    template = Text(max_length=SLUG, required=False, help_text="The slug of a template.")
    title = Text(max_length=MAX_TITLE, required=False)
    reason = Text(max_length=MAX_REASON, lines=True, blank=False)


class AttendanceBody(Body):
    """Who is there."""

    person = Text(max_length=254, required=False, help_text="Id or address; the caller if absent.")
    presence = serializers.ChoiceField(MeetingPresence.Presence.choices)


class MeetingDecisionBody(Body):
    """The caller's own vote on something of the agenda."""

    change = Text(max_length=KEY, required=False, help_text="The key of a change.")
    template = Text(max_length=SLUG, required=False, help_text="The slug of a template.")
    decision = serializers.ChoiceField(Vote.Choice.choices)
    content_hash = Text(max_length=HASH, blank=False, help_text="The hash of what the voter saw.")
    comment = Text(max_length=MAX_COMMENT, lines=True, required=False)
    stage = Text(max_length=SLUG, required=False, help_text="Only where one may vote in several.")
    on_behalf_of = Text(
        max_length=HASH, required=False, help_text="The id of a member who is away, whose deputy votes."
    )
    conditions = serializers.ListField(
        child=Text(max_length=MAX_CONDITION, blank=False), required=False, max_length=MAX_CONDITIONS
    )


def _answer(key: str, *, status: int = 200) -> Response:
    meeting = meeting_by_key(key)
    return Response(meeting_out(meeting), status=status, headers={"ETag": f'"{meeting.version}"'})


class MeetingList(ApiView):
    """Meetings of boards."""

    area = "changes"

    @extend_schema(operation_id="cab_meetings_list", parameters=FILTERS, responses=MeetingPage)
    def get(self, request: Request) -> Response:
        """List meetings, the latest first."""
        query = Query(request, NAMES)
        rows = meetings_loaded().prefetch_related("presences__person")
        state, board = query.choice("state", MEETING.states), query.text("board")
        if board and not Role.objects.filter(slug=board, kind=Role.Kind.BOARD).exists():
            raise InvalidInput.of("board", "unknown", "There is no such board.")
        rows = rows.filter(state=state) if state else rows
        rows = rows.filter(board__slug=board) if board else rows
        for name, column in _MOMENTS.items():
            moment = query.moment(name)
            rows = rows.filter(**{column: moment}) if moment else rows
        return self.page(rows, meeting_out, ordering=MEETING_ORDERINGS, default="-starts_at")

    @extend_schema(operation_id="cab_meetings_call", request=MeetingBody, responses={201: MeetingOut})
    def post(self, request: Request) -> Response:
        """Call a meeting of a board. Its members and administrators can."""
        Query(request, paged=False)
        meeting = meeting_call(actor=self.actor, now=edge_now(), fields=read_body(request, MeetingBody))
        response = _answer(meeting.key, status=201)
        response["Location"] = f"/api/v1/cab/meetings/{meeting.key}/"
        return response


class MeetingDetail(ApiView):
    """One meeting."""

    area = "changes"

    @extend_schema(operation_id="cab_meetings_retrieve", responses=MeetingOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a meeting."""
        Query(request, paged=False)
        return _answer(key)

    @extend_schema(
        operation_id="cab_meetings_edit", parameters=[IF_MATCH], request=MeetingPatch, responses=MeetingOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Move a planned meeting, or change what is said of it. A series goes on as it was."""
        Query(request, paged=False)
        body = read_body(request, MeetingPatch)
        version = expected_version(request, body)
        meeting = meeting_by_key(key)
        meeting_edit(actor=self.actor, now=edge_now(), pk=meeting.pk, version=version, **body)
        return _answer(key)


class MeetingCancel(ApiView):
    """Cancelling a meeting."""

    area = "changes"

    @extend_schema(
        operation_id="cab_meetings_cancel",
        parameters=[IF_MATCH],
        request=NeededReasonBody,
        responses=MeetingOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Cancel a planned meeting, with the reason; the next of its series is planned."""
        Query(request, paged=False)
        body = read_body(request, NeededReasonBody)
        version = expected_version(request, body)
        meeting = meeting_by_key(key)
        meeting_cancel(actor=self.actor, now=edge_now(), pk=meeting.pk, version=version, **body)
        return _answer(key)


class MeetingClose(ApiView):
    """Closing the minutes."""

    area = "changes"

    @extend_schema(
        operation_id="cab_meetings_close", parameters=[IF_MATCH], request=MinutesBody, responses=MeetingOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Close the minutes: the agenda is kept as it stands, and nothing of it changes any more."""
        Query(request, paged=False)
        body = read_body(request, MinutesBody)
        version = expected_version(request, body)
        meeting = meeting_by_key(key)
        meeting_close(actor=self.actor, now=edge_now(), pk=meeting.pk, version=version, **body)
        return _answer(key)


class MeetingAgenda(ApiView):
    """What a meeting is about."""

    area = "changes"

    @extend_schema(operation_id="cab_meetings_agenda", responses=AgendaPage)
    def get(self, request: Request, key: str) -> Response:
        """Show the agenda: what waits for the board, with what one has to know to decide on it."""
        Query(request, paged=False)
        return self._agenda(meeting_by_key(key))

    @extend_schema(operation_id="cab_meetings_agenda_add", request=ItemBody, responses={201: AgendaPage})
    def post(self, request: Request, key: str) -> Response:
        """Put something on the agenda, with the reason. Only people can."""
        Query(request, paged=False)
        body = read_body(request, ItemBody)
        meeting = meeting_by_key(key)
        meeting_item_add(actor=self.actor, now=edge_now(), pk=meeting.pk, **body)
        return self._agenda(meeting, status=201)

    def _agenda(self, meeting: Meeting, *, status: int = 200) -> Response:
        is_open = meeting.state == MEETING.initial
        results = agenda_out(agenda_of(meeting), edge_now(), is_open=is_open)
        return Response({"next": None, "previous": None, "results": results}, status=status)


class MeetingAgendaItem(ApiView):
    """One thing that somebody put on an agenda."""

    area = "changes"

    @extend_schema(operation_id="cab_meetings_agenda_remove", responses={204: None})
    def delete(self, request: Request, key: str, item: str) -> Response:
        """Take it off the agenda: whoever put it there, members of the board and administrators can."""
        Query(request, paged=False)
        meeting = meeting_by_key(key)
        meeting_item_remove(actor=self.actor, now=edge_now(), pk=meeting.pk, item=int(item))
        return Response(status=204)


class MeetingAttendance(ApiView):
    """Who is there."""

    area = "changes"

    @extend_schema(operation_id="cab_meetings_attend", request=AttendanceBody, responses=MeetingOut)
    def post(self, request: Request, key: str) -> Response:
        """Note whether somebody is there: oneself, or anybody by members of the board."""
        Query(request, paged=False)
        body = read_body(request, AttendanceBody)
        meeting = meeting_by_key(key)
        meeting_attend(actor=self.actor, now=edge_now(), pk=meeting.pk, **body)
        return _answer(key)


class MeetingDecisions(ApiView):
    """What is decided in a meeting."""

    area = "changes"
    choices: ClassVar[tuple[str, ...]] = ("change", "template")

    @extend_schema(
        operation_id="cab_meetings_decisions",
        parameters=[OpenApiParameter("page_size", int), OpenApiParameter("cursor", str)],
        responses=MeetingDecisionPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List the votes that were cast in it, in order."""
        Query(request)
        rows = decisions_of(meeting_by_key(key))
        cast = ("vote__cast_at",)
        return self.page(rows, decision_out, ordering=DECISION_ORDERINGS, default="id", changed=cast)

    @extend_schema(
        operation_id="cab_meetings_decide", request=MeetingDecisionBody, responses={201: MeetingDecisionOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Cast one's own vote on something of the agenda; it stands in the minutes. Only people can."""
        Query(request, paged=False)
        body = read_body(request, MeetingDecisionBody)
        meeting = meeting_by_key(key)
        row = meeting_decide(actor=self.actor, now=edge_now(), pk=meeting.pk, **_subject(body))
        return Response(decision_out(decisions_of(meeting).get(pk=row.pk)), status=201)


def _subject(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body as the service takes it. Raises `InvalidInput` unless it names one subject."""
    named = {kind: body.pop(kind, "") for kind in MeetingDecisions.choices}
    kinds = [kind for kind, key in named.items() if key]
    if len(kinds) != 1:
        raise InvalidInput.of("change", "one_of", "Name a change or a template: one of them.")
    key = named[kinds[0]]
    return {
        **body,
        "kind": kinds[0],
        "key": key.upper() if kinds[0] == "change" else key,
        "decision": Decision(body["decision"]),
    }
