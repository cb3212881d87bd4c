"""The main navigation. Counts beside an entry come from panels at `nav.<name>`, so no app is known here."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from opsportal.core.registry import panels_at
from opsportal.web.requests import actor_of, now_of


@dataclass(frozen=True, slots=True)
class Destination:
    """One entry of the navigation. `under` are the path prefixes at which it is the current one."""

    name: str
    label: str
    icon: str
    path: str
    under: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry as this reader sees it. `count` is 0 where there is nothing to tell."""

    destination: Destination
    current: bool
    count: int = 0
    count_words: str = ""


DESTINATIONS: tuple[Destination, ...] = (
    Destination("home", "Home", "home", "/", ()),
    Destination("incidents", "Incidents", "alert", "/incidents/", ("/incidents/", "/status-page/")),
    Destination("changes", "Changes", "change", "/changes/", ("/changes/", "/templates/")),
    Destination("cab", "CAB", "board", "/cab/", ("/cab/",)),
    Destination(
        "calendar",
        "Calendar",
        "calendar",
        "/calendar/",
        ("/calendar/", "/freezes/", "/maintenance-windows/", "/working-time/"),
    ),
    Destination("deployments", "Deployments", "rocket", "/deployments/", ("/deployments/", "/break-glass/")),
    Destination(
        "alerts",
        "Alerts",
        "alert",
        "/alerts/",
        ("/alerts/", "/integrations/", "/alert-routes/", "/heartbeats/"),
    ),
    Destination(
        "services", "Services", "service", "/services/", ("/services/", "/environments/", "/providers/")
    ),
    Destination(
        "on-call",
        "On-call",
        "people",
        "/oncall/",
        ("/oncall/", "/my-on-call/", "/handovers/", "/oncall-import/", "/escalation-policies/"),
    ),
    Destination("runbooks", "Runbooks", "template", "/runbooks/", ("/runbooks/",)),
    Destination(
        "learning",
        "Learning",
        "eye",
        "/postmortems/",
        ("/postmortems/", "/action-items/", "/reports/incidents/"),
    ),
    Destination(
        "compliance",
        "Compliance",
        "check-list",
        "/compliance/",
        (
            "/compliance/",
            "/conformance/",
            "/reports/",
            "/audits/",
            "/assets/",
            "/restore-tests/",
            "/exercises/",
            "/retention/",
            "/controls/",
            "/documents/",
            "/evidence/",
            "/exceptions/",
            "/frameworks/",
            "/policies/",
        ),
    ),
    Destination("standard", "Standard", "standard", "/standards/active/", ("/standards/",)),
    Destination("obligations", "My obligations", "check-list", "/obligations/", ("/obligations/",)),
)
NOTIFICATIONS = Destination("notifications", "Notifications", "bell", "/notifications/", ("/notifications/",))
PLACES: dict[str, Destination] = {place.name: place for place in (*DESTINATIONS, NOTIFICATIONS)}


def navigation(request: HttpRequest) -> list[NavItem]:
    """Return the entries for this reader, each with its count."""
    return [item_of(request, destination) for destination in DESTINATIONS]


def item_of(request: HttpRequest, destination: Destination) -> NavItem:
    """Return one entry. A panel at `nav.<name>` gives `count` and `words`, e.g. 3 and "unread"."""
    path = request.path
    current = path == destination.path or any(path.startswith(prefix) for prefix in destination.under)
    for panel in panels_at(f"nav.{destination.name}"):
        told = panel.context(actor_of(request), now_of(request), None)
        if told and told.get("count"):
            return NavItem(destination, current, int(told["count"]), str(told.get("words", "")))
    return NavItem(destination, current)
