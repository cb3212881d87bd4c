"""Visiting pages in a real browser, and what every page must hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from tests.portal import LivePortal
from tests.processes import ROOT

AXE = ROOT / "var" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

EVERY_PAGE = (
    "/",
    "/changes/",
    "/changes/?state=draft&q=nothing+like+this",
    "/changes/new/",
    "/changes/new/?type=normal",
    "/changes/new/?type=emergency",
    "/changes/CHG-1/",
    "/changes/CHG-4/",
    "/changes/CHG-7/",
    "/changes/CHG-12/",
    "/changes/CHG-19/",
    "/changes/CHG-9999/",
    "/cab/",
    "/cab/change-advisory-board/",
    "/deployments/",
    "/deployments/DEP-1/",
    "/templates/",
    "/templates/new/",
    "/services/",
    "/standards/",
    "/standards/active/",
    "/obligations/",
    "/notifications/",
    "/account/notifications/",
    "/away/",
    "/search/",
    "/search/?q=payments",
)
"""Pages as a member of the board sees them in the demo organisation."""


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
    page.get_by_role("button", name=f"Sign in as {name}").click()
    page.wait_for_url(f"{portal.url}/")
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds on the page as it stands, everything unfolded: rule, impact, first element."""
    page.evaluate(
        "document.querySelectorAll('main details:not(.op-menu)').forEach((one) => { one.open = true; })"
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
    return [
        f"{page.url} {one['impact']} {one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wider)
