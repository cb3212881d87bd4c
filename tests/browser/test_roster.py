"""Handing over, the tabs of a schedule and the import in a real browser: accessible, and nothing too wide."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import Watch, overflow, signed_in, violations
from tests.portal import LivePortal

EXPORT = {
    "users": [{"id": "U1", "username": "zed", "email": "zed@elsewhere.example"}],
    "schedules": [{"id": "S1", "name": "Night watch", "type": "web", "shifts": ["O1", "O2"]}],
    "on_call_shifts": [
        {
            "id": "O1",
            "name": "Weekly",
            "type": "rolling_users",
            "start": "2026-03-02T09:00:00",
            "duration": 604_800,
            "frequency": "weekly",
            "rolling_users": [["U1"]],
        }
    ],
}


def looked_at(page: Page) -> list[str]:
    """Return what is wrong with the page that is open: for the eye, the keyboard, a phone."""
    found = [f"{page.url}: {one}" for one in violations(page)]
    return [*found, f"{page.url} is too wide"] if overflow(page) else found


def test_a_handover_is_opened_gone_through_and_signed_by_both(demo: LivePortal, browser: Browser) -> None:
    found: list[str] = []
    with signed_in(browser, demo, "Sam Whitfield", viewport={"width": 390, "height": 800}) as page:
        page.goto("/handovers/")
        page.get_by_label("Schedule").select_option(index=1)
        page.get_by_label("Who goes off call").select_option(label="Elena Rossi")
        page.get_by_label("Who comes on call").select_option(label="Priya Nair")
        page.get_by_role("button", name="Open a handover").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Elena Rossi hands over to Priya Nair")
        address = page.url
        found += looked_at(page)
    with signed_in(browser, demo, "Elena Rossi") as page:
        watch = Watch(page, demo.url)
        page.goto(address)
        expect(page.get_by_text("of the list are open; then you can sign")).to_be_visible()
        page.get_by_role("textbox", name="Notes").fill("The disk of db2 is slow.")
        # Only the page that comes back says so: what is clicked before that goes to the page that leaves.
        with page.expect_navigation():
            page.get_by_role("button", name="Store the notes").click()
        expect(page.get_by_text("The notes are stored.")).to_be_visible()
        open_steps = page.get_by_role("button", name=re.compile(r"^Done ?:"))
        assert open_steps.count() > 0
        for left in range(open_steps.count(), 0, -1):
            with page.expect_navigation():
                open_steps.first.click()
            expect(open_steps).to_have_count(left - 1)
        page.get_by_role("button", name="Sign the handover").click()
        expect(page.get_by_text("Signed by who goes off call")).to_be_visible()
        found += looked_at(page)
        assert (watch.complaints, watch.foreign) == ([], [])
    with signed_in(browser, demo, "Priya Nair") as page:
        page.goto("/my-on-call/")
        page.get_by_role("link", name="Elena Rossi to Priya Nair").click()
        page.get_by_role("button", name="Sign the handover").click()
        expect(page.get_by_text("The handover is complete.")).to_be_visible()
        expect(page.get_by_text("The disk of db2 is slow.")).to_be_visible()
        found += looked_at(page)
    assert found == []


def test_the_tabs_of_a_schedule_and_the_import_are_accessible(
    demo: LivePortal, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps(EXPORT))
    found: list[str] = []
    with signed_in(browser, demo, "Sam Whitfield", viewport={"width": 320, "height": 640}) as page:
        page.goto("/oncall/")
        schedule = page.locator("a.op-row-title[href^='/oncall/']").first.get_attribute("href")
        for tab in ("swaps", "hours", "quality"):
            page.goto(f"{schedule}{tab}/")
            found += looked_at(page)
        page.goto("/oncall-import/")
        found += looked_at(page)
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Show what it would make").click()
        expect(page.get_by_role("heading", name="Who is meant?")).to_be_visible()
        found += looked_at(page)
    assert found == []
