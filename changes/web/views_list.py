"""The list of changes."""

from __future__ import annotations

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from changes.models import Change
from changes.selectors.filters import ORDERS, STATE_GROUPS, ListFilter, filters_for
from changes.states import CHANGE
from changes.web.listing import changes_listed, filters_of, rows_of
from opsportal.accounts.selectors import teams_of
from opsportal.catalog.selectors import services
from opsportal.web.forms import PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of


@require_safe
def change_list(request: HttpRequest) -> HttpResponse:
    """Show the changes, filtered and in order, a page at a time."""
    return listed(request, filters_of(request))


def listed(
    request: HttpRequest, filters: ListFilter, save_form: PortalForm | None = None, status: int = 200
) -> HttpResponse:
    """Return the page of the changes that `filters` leave; `save_form` is a filter that was not saved."""
    actor, today = actor_of(request), now_of(request).astimezone(UTC).date()
    changes = changes_listed(filters, actor, now_of(request))
    page = page_of(changes, request, order=ORDERS[filters.order][1])
    remember_people(request, [("user", str(change.requester_id or "")) for change in page.items])
    return render(
        request,
        "changes/list.html",
        {
            "page": page,
            "rows": rows_of(page.items),
            "filters": filters,
            "save_form": save_form,
            "saved": list(filters_for(actor, today)),
            "teams": sorted(teams_of(actor.id, today)) if filters.is_any else [],
            "states": [*STATE_GROUPS.items(), *CHANGE.choices],
            "types": Change.Type.choices,
            "services": list(services().values_list("slug", "name")),
            "orders": [(word, label) for word, (label, _) in ORDERS.items()],
        },
        status=status,
    )
