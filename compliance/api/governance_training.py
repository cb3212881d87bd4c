"""The API of training."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import (
    KEY,
    PERSON,
    VERSION_HELP,
    choices,
    number,
    ordering,
    page_of,
)
from compliance.governing.kinds import ATTENDANCE, AUDIENCES
from compliance.governing.states import TRAINING
from compliance.models import Training, TrainingTopic
from compliance.models.governance.training import TRAINING_PREFIX
from compliance.selectors.training import TRAINING_ORDERINGS, lacking, training_seen, trainings_loaded
from compliance.services.governance.training import (
    topic_define,
    topic_edit,
    training_attend,
    training_cancel,
    training_edit,
    training_hold,
    training_plan,
)
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound

TOPIC_ORDERINGS: dict[str, tuple[str, ...]] = {"slug": ("slug",), "-slug": ("-slug",)}


class TrainingTopicFields(Body):
    """Who must know it, and for how long it counts."""

    title = Text(max_length=120, blank=False, required=False)
    audience = choices(AUDIENCES, required=False)
    audience_key = Text(max_length=60, required=False, help_text="The slug of the role or team.")
    valid_days = WholeNumber(required=False, min_value=1, max_value=3660)


class TrainingTopicBody(TrainingTopicFields):
    """A topic of training."""

    slug = Text(max_length=60, blank=False)
    title = Text(max_length=120, blank=False)


class TrainingTopicPatch(TrainingTopicFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class TrainingLackOut(Body):
    """Somebody who lacks it, and when they were last taught."""

    person = Text(max_length=64)
    last_at = Moment(allow_null=True)


class TrainingTopicOut(Body):
    """A topic of training."""

    slug = Text(max_length=60)
    title = Text(max_length=120)
    audience = choices(AUDIENCES)
    audience_key = Text(max_length=60)
    valid_days = WholeNumber()
    version = WholeNumber()


class TrainingTopicDetailOut(TrainingTopicOut):
    """A topic, and who lacks it."""

    lacking = TrainingLackOut(many=True)


class TrainingFields(Body):
    """A session."""

    at = Moment(required=False)
    trainer = Text(max_length=120, required=False, help_text="Somebody from outside.")
    trainer_person = Text(max_length=PERSON, required=False, help_text="Id or e-mail address.")
    material = Text(max_length=500, required=False)
    material_version = Text(max_length=60, required=False)
    note = Text(max_length=2_000, lines=True, required=False)


class TrainingBody(TrainingFields):
    """A session of a topic."""

    topic = Text(max_length=60, blank=False)
    at = Moment()


class TrainingPatch(TrainingFields):
    """What is to be different of a planned session."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class TrainingAttendanceBody(Body):
    """Who was there, who was not: ids of people."""

    attended = serializers.ListField(child=Text(max_length=PERSON), max_length=500, required=False)
    absent = serializers.ListField(child=Text(max_length=PERSON), max_length=500, required=False)
    excused = serializers.ListField(child=Text(max_length=PERSON), max_length=500, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class TrainingCancelBody(Body):
    """Why."""

    reason = Text(max_length=1_000, lines=True, blank=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class TrainingOut(Body):
    """A session of training."""

    key = Text(max_length=KEY)
    topic = Text(max_length=60)
    state = choices(dict(TRAINING.names))
    at = Moment()
    trainer_person = Text(max_length=64, allow_null=True)
    material = Text(max_length=500)
    material_version = Text(max_length=60)
    attended = serializers.ListField(child=Text(max_length=64))
    absent = serializers.ListField(child=Text(max_length=64))
    excused = serializers.ListField(child=Text(max_length=64))
    updated_at = Moment()
    version = WholeNumber()


TrainingTopicPage = page_of(TrainingTopicOut)
TrainingPage = page_of(TrainingOut)


def topic_out(row: TrainingTopic) -> dict[str, Any]:
    """Return what the API says of a topic."""
    return {
        "slug": row.slug,
        "title": row.title,
        "audience": row.audience,
        "audience_key": row.audience_key,
        "valid_days": row.valid_days,
        "version": row.version,
    }


def training_out(row: Training) -> dict[str, Any]:
    """Return what the API says of a session; topic and attendance are loaded."""
    there: dict[str, list[str]] = {word: [] for word in ATTENDANCE}
    for one in row.attendances.all():
        there[one.outcome].append(str(one.person_id))
    return {
        "key": row.key,
        "topic": row.topic.slug,
        "state": row.state,
        "at": utc(row.at),
        "trainer_person": str(row.trainer_person_id) if row.trainer_person_id else None,
        "material": row.material,
        "material_version": row.material_version,
        **{word: sorted(people) for word, people in there.items()},
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def _topic(slug: str, now: datetime, *, status: int = 200) -> Response:
    row = TrainingTopic.objects.filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such topic.")
    lines = [{"person": str(person), "last_at": utc(at)} for person, at in lacking(row, now)]
    document = {**topic_out(row), "lacking": lines}
    return Response(document, status=status, headers={"ETag": f'"{row.version}"'})


def _training(pk: int, *, status: int = 200) -> Response:
    row = training_seen(pk)
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/trainings/{row.key}/"
    return Response(training_out(row), status=status, headers=headers)


class TrainingTopicList(ApiView):
    """Topics of training."""

    area = "compliance"

    @extend_schema(
        operation_id="training_topics_list",
        parameters=[ordering(TOPIC_ORDERINGS), *PAGING],
        responses=TrainingTopicPage,
    )
    def get(self, request: Request) -> Response:
        """List the topics of training."""
        Query(request)
        return self.page(TrainingTopic.objects.all(), topic_out, ordering=TOPIC_ORDERINGS, default="slug")

    @extend_schema(
        operation_id="training_topics_define",
        request=TrainingTopicBody,
        responses={201: TrainingTopicDetailOut},
    )
    def post(self, request: Request) -> Response:
        """Make a topic, with who must know it."""
        Query(request, paged=False)
        now = edge_now()
        made = topic_define(actor=self.actor, now=now, fields=read_body(request, TrainingTopicBody))
        return _topic(made.slug, now, status=201)


class TrainingTopicDetail(ApiView):
    """One topic."""

    area = "compliance"

    @extend_schema(operation_id="training_topics_retrieve", responses=TrainingTopicDetailOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a topic, and who lacks it now."""
        Query(request, paged=False)
        return _topic(slug, edge_now())

    @extend_schema(
        operation_id="training_topics_edit",
        parameters=[IF_MATCH],
        request=TrainingTopicPatch,
        responses=TrainingTopicDetailOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a topic."""
        Query(request, paged=False)
        now = edge_now()
        body = read_body(request, TrainingTopicPatch, partial=True)
        version = expected_version(request, body)
        topic_edit(actor=self.actor, now=now, slug=slug, fields=body, version=version)
        return _topic(slug, now)


class TrainingList(ApiView):
    """Sessions of training."""

    area = "compliance"

    @extend_schema(
        operation_id="trainings_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(TRAINING.states)),
            OpenApiParameter("topic", str, description="The slug of a topic."),
            ordering(TRAINING_ORDERINGS),
            *PAGING,
        ],
        responses=TrainingPage,
    )
    def get(self, request: Request) -> Response:
        """List sessions, newest first."""
        query = Query(request, {"state", "topic"})
        rows = trainings_loaded()
        if state := query.choice("state", TRAINING.states):
            rows = rows.filter(state=state)
        if topic := query.text("topic", max_length=60):
            rows = rows.filter(topic__slug=topic)
        return self.page(rows, training_out, ordering=TRAINING_ORDERINGS, default="-at")

    @extend_schema(operation_id="trainings_plan", request=TrainingBody, responses={201: TrainingOut})
    def post(self, request: Request) -> Response:
        """Plan a session of a topic."""
        Query(request, paged=False)
        body = read_body(request, TrainingBody)
        made = training_plan(actor=self.actor, now=edge_now(), topic=body.pop("topic"), fields=body)
        return _training(made.pk, status=201)


class TrainingDetail(ApiView):
    """One session."""

    area = "compliance"

    @extend_schema(operation_id="trainings_retrieve", responses=TrainingOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a session, and who was there."""
        Query(request, paged=False)
        return _training(number(key, TRAINING_PREFIX))

    @extend_schema(
        operation_id="trainings_edit", parameters=[IF_MATCH], request=TrainingPatch, responses=TrainingOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change a planned session."""
        Query(request, paged=False)
        pk = number(key, TRAINING_PREFIX)
        body = read_body(request, TrainingPatch, partial=True)
        version = expected_version(request, body)
        training_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _training(pk)


class TrainingAttend(ApiView):
    """Who was there."""

    area = "compliance"

    @extend_schema(
        operation_id="trainings_attend",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=["hold", "attend"])],
        request=TrainingAttendanceBody,
        responses=TrainingOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Say that it was held and who was there, or correct who was."""
        Query(request, paged=False)
        pk = number(key, TRAINING_PREFIX)
        body = read_body(request, TrainingAttendanceBody)
        version = expected_version(request, body)
        if verb == "hold":
            body.setdefault("attended", [])
            training_hold(actor=self.actor, now=edge_now(), pk=pk, version=version, **body)
        else:
            training_attend(actor=self.actor, now=edge_now(), pk=pk, version=version, **body)
        return _training(pk)


class TrainingCancel(ApiView):
    """Cancelling."""

    area = "compliance"

    @extend_schema(
        operation_id="trainings_cancel",
        parameters=[IF_MATCH],
        request=TrainingCancelBody,
        responses=TrainingOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Cancel a planned session."""
        Query(request, paged=False)
        pk = number(key, TRAINING_PREFIX)
        body = read_body(request, TrainingCancelBody)
        version = expected_version(request, body)
        training_cancel(actor=self.actor, now=edge_now(), pk=pk, version=version, **body)
        return _training(pk)
