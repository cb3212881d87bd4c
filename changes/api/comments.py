"""The API of comments, and of who watches a change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import IF_MATCH
from changes.api.changes_bodies import CommentBody, CommentPatch
from changes.api.changes_out import PersonOut
from changes.mentions import groups_mentioned, mentioned
from changes.models import ChangeComment
from changes.selectors import change_by_key, watchers_of
from changes.services.comments import MAX_COMMENT, change_comment, change_comment_edit
from changes.services.watching import change_unwatch, change_watch
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.registry import person_names

URL = 2_000
SLUG = 60
NAME = 200
GROUP_KINDS = ("team", "board")
ORDERINGS = both_ways("created_at", "id", word="created_at")


class MentionedGroupOut(Body):
    """A team or a board that a comment mentions."""

    kind = serializers.ChoiceField(GROUP_KINDS)
    slug = Text(max_length=SLUG)
    name = Text(max_length=NAME)


class CommentOut(Body):
    """A comment: Markdown, in which `@{id}` stands for each person whom it mentions, and `@{team:slug}` for a
    team (or `board`).
    """

    id = WholeNumber()
    kind = serializers.ChoiceField(ChangeComment.Kind.choices)
    text = Text(max_length=2 * MAX_COMMENT)
    mentions = PersonOut(many=True)
    groups = MentionedGroupOut(many=True)
    author = PersonOut()
    created_at = Moment()
    edited_at = Moment(allow_null=True, help_text="What it said before is in the history.")
    version = WholeNumber()


class CommentPage(Body):
    """One page of comments."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = CommentOut(many=True)


class WatcherPage(Body):
    """All who watch a change."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = PersonOut(many=True)


class ChangeCommentView(ApiView):
    """Commenting a change."""

    area = "changes"

    @extend_schema(operation_id="changes_comment", request=CommentBody, responses={201: CommentOut})
    def post(self, request: Request, key: str) -> Response:
        """Add a remark, or a question to the requester. Only people can; `@Full Name` tells that person,
        `@team-slug` and `@board-slug` all of that team or board."""
        Query(request, paged=False)
        body = read_body(request, CommentBody)
        comment = change_comment(actor=self.actor, now=edge_now(), pk=change_by_key(key).pk, **body)
        (told,) = _out([comment])
        return Response(told, status=201)


class ChangeComments(ApiView):
    """The comments on a change."""

    area = "changes"

    @extend_schema(
        operation_id="changes_comments",
        parameters=[
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=CommentPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List comments and questions, oldest first."""
        Query(request)
        rows = ChangeComment.objects.filter(change=change_by_key(key))
        page = self.page(rows, lambda row: {"row": row}, ordering=ORDERINGS, default="created_at")
        page.data["results"] = _out(item["row"] for item in page.data["results"])
        return page


class ChangeCommentDetail(ApiView):
    """One comment."""

    area = "changes"

    @extend_schema(
        operation_id="changes_comment_edit",
        parameters=[IF_MATCH],
        request=CommentPatch,
        responses=CommentOut,
    )
    def patch(self, request: Request, key: str, comment: str) -> Response:
        """Write a comment of one's own anew. What it said before stays in its history."""
        Query(request, paged=False)
        body = read_body(request, CommentPatch)
        version = expected_version(request, body)
        edited = change_comment_edit(
            actor=self.actor,
            now=edge_now(),
            pk=change_by_key(key).pk,
            comment=int(comment),
            version=version,
            **body,
        )
        (told,) = _out([edited])
        return Response(told)


class ChangeWatchers(ApiView):
    """Who watches a change."""

    area = "changes"

    @extend_schema(operation_id="changes_watchers", responses=WatcherPage)
    def get(self, request: Request, key: str) -> Response:
        """List who is told of what happens to a change: who has a part in it, and who chose to."""
        Query(request, paged=False)
        return _watchers(key)


class ChangeWatchView(ApiView):
    """Watching a change."""

    area = "changes"

    @extend_schema(operation_id="changes_watch", request=None, responses=WatcherPage)
    def post(self, request: Request, key: str) -> Response:
        """Be told of what happens to a change. Only people can."""
        Query(request, paged=False)
        change_watch(actor=self.actor, now=edge_now(), pk=change_by_key(key).pk)
        return _watchers(key)


class ChangeUnwatchView(ApiView):
    """Not watching a change."""

    area = "changes"

    @extend_schema(operation_id="changes_unwatch", request=None, responses=WatcherPage)
    def post(self, request: Request, key: str) -> Response:
        """Be told no more of what happens to a change. Only people can."""
        Query(request, paged=False)
        change_unwatch(actor=self.actor, now=edge_now(), pk=change_by_key(key).pk)
        return _watchers(key)


def _watchers(key: str) -> Response:
    people = watchers_of(change_by_key(key))
    names = person_names["people"](("user", person) for person in people)
    told = [{"id": person, "name": names["user", person]} for person in people]
    return Response({"next": None, "previous": None, "results": told})


_NAMED = {"team": "team", "board": "role"}
"""What names of groups are asked for as."""


def _out(comments: Iterable[ChangeComment]) -> list[dict[str, Any]]:
    rows = list(comments)
    people = {("user", str(row.author_id)) for row in rows}
    people |= {("user", person) for row in rows for person in mentioned(row.text)}
    people |= {(_NAMED[kind], slug) for row in rows for kind, slug in groups_mentioned(row.text)}
    names = person_names["people"](people)

    def person(identifier: str) -> dict[str, str]:
        return {"id": identifier, "name": names["user", identifier]}

    return [
        {
            "id": row.pk,
            "kind": row.kind,
            "text": row.text,
            "mentions": [person(one) for one in mentioned(row.text)],
            "groups": [
                {"kind": kind, "slug": slug, "name": names[_NAMED[kind], slug]}
                for kind, slug in groups_mentioned(row.text)
            ],
            "author": person(str(row.author_id)),
            "created_at": utc(row.created_at),
            "edited_at": utc(row.edited_at),
            "version": row.version,
        }
        for row in rows
    ]
