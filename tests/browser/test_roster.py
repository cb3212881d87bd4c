"""The tabs of a schedule and the import in a real browser, on a phone: accessible, and nothing too wide."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import overflow, signed_in, violations
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
