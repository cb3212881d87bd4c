"""The base of every endpoint: one actor, one scope area, idempotent POSTs, cursor pages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.api.changed import changed_since
from opsportal.api.idempotency import HEADER, answer_once
from opsportal.api.pagination import CursorPages
from opsportal.api.query import asked_since
from opsportal.api.renderers import JSONRenderer
from opsportal.core.actor import Actor

_ANYTHING = frozenset({"*/*", JSONRenderer.media_type})


class ApiView(APIView):
    """An endpoint. `area` names the scopes that a token needs: `<area>:read` or `<area>:write`."""

    area: ClassVar[str]
    reads_only: ClassVar[bool] = False
    """True where even a POST only reads."""
    gives: ClassVar[tuple[str, ...]] = ()
    """Media types of what it answers beside JSON; `*/*` is a file of any type. Refusals stay JSON."""

    @property
    def actor(self) -> Actor:
        principal: Any = self.request.user
        actor: Actor = principal.actor
        return actor

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type, at once where JSON is all there is and will do."""
        if request.META.get("HTTP_ACCEPT", "*/*") in _ANYTHING and self.renderer_classes == [JSONRenderer]:
            return JSONRenderer(), JSONRenderer.media_type
        try:
            return super().perform_content_negotiation(request, force)
        except NotAcceptable:
            if not any(one in {"*/*", word} for word in _accepted(request) for one in self.gives):
                raise
            return JSONRenderer(), JSONRenderer.media_type

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do what `APIView.dispatch` does, with idempotency around the handler."""
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        api_request: Request = self.initialize_request(request, *args, **kwargs)
        self.request = api_request
        try:
            self.initial(api_request, *args, **kwargs)
            handler = getattr(self, str(api_request.method).lower(), self.http_method_not_allowed)
            if api_request.method == "POST" and HEADER in api_request.headers:
                response = answer_once(api_request, self.actor, lambda: handler(api_request, *args, **kwargs))
            else:
                response = handler(api_request, *args, **kwargs)
        # The framework's own door: `problems` answers what is expected, a crash is raised on.
        except Exception as error:  # noqa: BLE001
            response = self.handle_exception(error)
        self.response = self.finalize_response(api_request, response, *args, **kwargs)
        if isinstance(self.response, Response):
            self.response.add_post_render_callback(self._let_go)
        return self.response

    def _let_go(self, response: Response) -> None:
        """Untie request, view and response from each other once the answer is written.

        They would be left to the garbage collector, for which some other request waits then.
        """
        vars(self.request).pop("parser_context", None)
        vars(response).pop("renderer_context", None)
        vars(self).clear()

    def page(
        self,
        queryset: QuerySet[Any],
        render: Callable[[Any], Mapping[str, Any]],
        *,
        ordering: Mapping[str, tuple[str, ...]],
        default: str,
        changed: Collection[str] = (),
    ) -> Response:
        """Return one cursor page. `ordering` maps each allowed word to columns, the last of them unique.

        `changed` are the columns by which `updated_since` is answered (see `changed_since`).
        """
        pages = CursorPages(ordering, default)
        if since := asked_since(self.request):
            queryset = changed_since(queryset, since, changed)
        rows: list[Model] = pages.paginate_queryset(queryset, self.request, view=self) or []
        return Response(
            {
                "next": pages.get_next_link(),
                "previous": pages.get_previous_link(),
                "results": [render(row) for row in rows],
            }
        )


def _accepted(request: Request) -> list[str]:
    """Return the media types that the caller accepts, without their parameters."""
    return [one.partition(";")[0].strip().lower() for one in request.META["HTTP_ACCEPT"].split(",")]
