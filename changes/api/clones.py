"""A new draft from a change that stands."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import answer
from changes.api.changes_bodies import CloneBody
from changes.api.changes_out import ChangeDetailOut
from changes.selectors import change_by_key
from changes.services.cloning import change_clone
from opsportal.api.query import Query
from opsportal.api.serializers import read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now


class ChangeClone(ApiView):
    """A copy of a change."""

    area = "changes"

    @extend_schema(operation_id="changes_clone", request=CloneBody, responses={201: ChangeDetailOut})
    def post(self, request: Request, key: str) -> Response:
        """Copy what a change says into a new draft; not its votes, window, evidence or attachments."""
        Query(request, paged=False)
        body = read_body(request, CloneBody)
        change = change_clone(actor=self.actor, now=edge_now(), pk=change_by_key(key).pk, **body)
        response = answer(change, self.actor, status=201)
        response["Location"] = f"/api/v1/changes/{change.key}/"
        return response
