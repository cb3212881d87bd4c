"""Visiting pages in a real browser, and what every page must hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page

from tests.portal import LivePortal
from tests.processes import ROOT

AXE = ROOT / "var" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

EVERY_PAGE = (
    "/",
    "/changes/",
    "/changes/?state=draft&q=nothing+like+this",
    "/changes/?state=open&mine=1",
    "/changes/new/",
    "/changes/new/?type=normal",
    "/changes/new/?type=emergency",
    "/changes/CHG-9999/",
    "/cab/",
    "/cab/change-advisory-board/",
    "/cab/meetings/",
    "/cab/meetings/new/",
    "/cab/MTG-2/",
    "/cab/MTG-5/",
    "/cab/MTG-5/edit/",
    "/cab/MTG-5/do/cancel/",
    "/calendar/",
    "/calendar/?view=month",
    "/calendar/?view=week&kind=change",
    "/calendar/feeds/",
    "/freezes/",
    "/freezes/FRZ-1/",
    "/freezes/new/",
    "/maintenance-windows/",
    "/maintenance-windows/MW-1/",
    "/maintenance-windows/new/",
    "/working-time/",
    "/deployments/",
    "/deployments/DEP-1/",
    "/break-glass/",
    "/break-glass/BG-1/",
    "/break-glass/BG-2/",
    "/break-glass/BG-2/do/confirm/",
    "/break-glass/BG-2/do/refuse/",
    "/templates/",
    "/templates/new/",
    "/services/",
    "/services/import/",
    "/providers/",
    "/providers/new/",
    "/providers/main-acquirer/",
    "/standards/",
    "/standards/active/",
    "/compliance/",
    "/compliance/access-reviews/",
    "/compliance/access-reviews/ACR-2/",
    "/compliance/decisions/",
    "/compliance/decisions/DEC-1/",
    "/compliance/checklists/",
    "/compliance/checklist-runs/1/",
    "/compliance/training/",
    "/compliance/training/TRN-1/",
    "/compliance/vulnerabilities/",
    "/compliance/vulnerabilities/VUL-1/",
    "/compliance/scans/",
    "/compliance/scans/new/",
    "/compliance/scans/SCN-1/",
    "/compliance/person-requests/",
    "/compliance/person-requests/new/",
    "/compliance/person-requests/PRQ-1/",
    "/compliance/improvement/",
    "/compliance/improvement/IMP-1/",
    "/compliance/declarations/",
    "/compliance/readiness/",
    "/compliance/readiness/payments-api/",
    "/conformance/",
    "/compliance/figures/",
    "/compliance/figures/change_success_rate/",
    "/compliance/objectives/",
    "/compliance/costs/",
    "/compliance/capacity/",
    "/compliance/sources/",
    "/reports/",
    "/reports/dora/",
    "/reports/slo/",
    "/conformance/rules/production-change/",
    "/standards/baseline/coverage/",
    "/standards/baseline/document/",
    "/standards/baseline/differences/",
    "/incidents/",
    "/incidents/?state=&q=nothing+like+this",
    "/incidents/new/",
    "/incidents/INC-1/",
    "/alerts/",
    "/alerts/?state=firing",
    "/integrations/",
    "/alert-routes/?labels=alertname+%3D+DiskFull",
    "/heartbeats/",
    "/my-on-call/",
    "/handovers/",
    "/oncall/",
    "/oncall/new/",
    "/oncall/operations/",
    "/oncall/operations/?view=month",
    "/escalation-policies/",
    "/runbooks/",
    "/runbooks/new/",
    "/runbooks/coverage/",
    "/audits/",
    "/assets/",
    "/assets/?status=late",
    "/assets/new/",
    "/assets/AST-1/",
    "/restore-tests/",
    "/restore-tests/RST-1/",
    "/exercises/",
    "/exercises/new/",
    "/exercises/EXR-1/",
    "/retention/",
    "/frameworks/",
    "/frameworks/soc2/",
    "/controls/",
    "/controls/CTL-1/",
    "/evidence/",
    "/evidence/new/",
    "/evidence/EVD-1/",
    "/exceptions/",
    "/exceptions/new/",
    "/exceptions/EXC-1/",
    "/policies/",
    "/policies/new/",
    "/policies/POL-1/",
    "/policies/POL-1/versions/1/",
    "/documents/",
    "/documents/new/",
    "/documents/DOC-1/",
    "/postmortems/",
    "/action-items/",
    "/reports/incidents/",
    "/status/",
    "/status/history/",
    "/status/subscribe/",
    "/status-page/",
    "/status-page/new/incident/",
    "/status-page/new/maintenance/",
    "/obligations/",
    "/notifications/",
    "/account/notifications/",
    "/account/reach/",
    "/away/",
    "/search/",
    "/search/?q=payments",
    "/search/?q=%22database%22+upgrade",
)
"""Pages as a member of the board sees them in the demo organisation."""

PUBLIC = "/status/"
"""Where pages begin that are for everybody, and not drawn like the portal's own."""

CLOSED = "Checkout 5.1: pay with a saved card"
ROLLED_BACK = "Payments API 2.13.5: shorter timeouts"
OVERDUE = "Raise the connection limit of the payments database"
SCHEDULED = "Payments API 2.14: settle refunds on the same day"
KEYS_ROTATED = "Rotate the signing keys of session tokens"
IMAGES_MOVED = "Move checkout images to the new image service"
EMERGENCY = "Block card testing from one network"
CONDITIONAL = "Upgrade the identity service to the new runtime"
DELIVERY_DATE = "Show the delivery date before payment"
EVERY_CHANGE = (CLOSED, ROLLED_BACK, OVERDUE, SCHEDULED, EMERGENCY, CONDITIONAL)
"""Changes of the demo by title: their keys depend on the day of the week on which it is loaded."""


def every_page(page: Page) -> list[str]:
    """Return the paths of all pages to look at, those of the changes of `EVERY_CHANGE` too."""
    return [
        *EVERY_PAGE,
        *(f"/changes/{key_of(page, title)}/" for title in EVERY_CHANGE),
        open_incident(page),
    ]


def open_incident(page: Page) -> str:
    """Return the path of an incident of the demo that is under way."""
    page.goto("/incidents/")
    address = page.locator("table a.op-row-title").first.get_attribute("href")
    assert address is not None
    return address


def key_of(page: Page, title: str) -> str:
    """Return the key of the demo's change of that title."""
    page.goto(f"/changes/?q={quote(title)}")
    address = page.get_by_role("link", name=title).first.get_attribute("href")
    assert address is not None
    return address.rstrip("/").rpartition("/")[2]


BACK_OFFICE = (
    "/standards/propose/",
    "/compliance/objectives/new/",
    "/controls/new/",
    "/escalation-policies/new/",
    "/status-page/components/new/",
    "/channels/",
    "/oncall-import/",
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/changes/change/",
    "/admin/changes/change/1/change/",
    "/admin/changes/change/1/history/",
    "/admin/audit/auditentry/",
    "/admin/compliance/audit/",
    "/admin/compliance/audit/1/work/",
    "/admin/compliance/audit/1/do/finding/",
    "/admin/compliance/audit/1/samples/1/",
    "/admin/compliance/audit/1/report/",
    "/admin/compliance/audit/1/without-change/",
)
"""Pages as an administrator sees them: one for nobody else, a list of each kind, a form, a row, a history."""


class Watch:
    """What a browser complained about, and whom it asked."""

    def __init__(self, page: Page, address: str) -> None:
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url, address))

    def _said(self, message: Any) -> None:
        # A page that answers 404 or 409 is named in the console, too; that is what it is for.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:")):
            self.foreign.append(url)


@contextmanager
def signed_in(browser: Browser, portal: LivePortal, name: str, **options: Any) -> Iterator[Page]:
    """A browser of one person's own, signed in from the demo's list of who is who."""
    context = browser.new_context(base_url=portal.url, **options)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.locator("details.op-who-more").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    page.get_by_role("button", name=f"Sign in as {name}").click()
    page.wait_for_url(f"{portal.url}/")
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds on the page as it stands, everything unfolded: rule, impact, first element."""
    page.evaluate(
        "document.querySelectorAll('main details:not(.op-menu)').forEach((one) => { one.open = true; })"
    )
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{page.url} {one['impact']} {one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wider)
