"""A meeting of a board from its call to its minutes, by keyboard and on the smallest phone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, expect

from tests.browser.reading import OVERDUE, Watch, key_of, overflow, signed_in, violations
from tests.portal import LivePortal

MADRID = ZoneInfo("Europe/Madrid")


def test_a_meeting_is_called_decided_in_by_keyboard_and_closed(demo: LivePortal, browser: Browser) -> None:
    now = datetime.now(MADRID)
    with signed_in(browser, demo, "Tomás Herrera", viewport={"width": 320, "height": 640}) as page:
        watch, key = Watch(page, demo.url), key_of(page, OVERDUE)
        page.goto("/cab/meetings/")
        page.get_by_role("link", name="Call a meeting").click()
        page.get_by_label("Board").select_option("change-advisory-board")
        page.get_by_label("From").fill(f"{now:%Y-%m-%dT%H:%M}")
        page.get_by_label("Until").fill(f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}")
        page.get_by_label("Where").fill("Room Lisbon")
        page.get_by_role("button", name="Call the meeting").click()
        expect(page.get_by_text("is called; the members are invited.")).to_be_visible()
        assert violations(page) == []
        assert overflow(page) == 0

        page.get_by_label("What", exact=True).fill("The quiet weeks")
        page.get_by_label("Why the board should look at it").fill("Teams ask from which day on.")
        page.get_by_role("button", name="Put it on the agenda").click()
        expect(page.get_by_role("heading", name="The quiet weeks")).to_be_visible()

        card = page.locator(f"#card-change-{key}")
        page.keyboard.press("j")
        expect(page.get_by_role("article").first).to_be_focused()
        card.focus()
        page.keyboard.press("x")
        expect(card.get_by_role("button", name="Abstain")).to_be_focused()
        page.keyboard.press("Enter")
        expect(card).to_contain_text(re.compile(rf"You abstained on {key} in MTG-\d+\."))

        page.reload()
        seats = page.get_by_role("region", name="Who is there")
        mine = seats.get_by_role("form", name="Attendance of Tomás Herrera")
        expect(mine.get_by_role("button", name="Present")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("link", name="Close the minutes").click()
        assert violations(page) == []
        page.get_by_label("Minutes").fill("Short and good.")
        page.get_by_role("button", name="Close the minutes").click()
        expect(page.get_by_role("region", name="Minutes")).to_contain_text("Short and good.")
        expect(page.get_by_role("list", name=f"Votes in this meeting on {OVERDUE}")).to_contain_text(
            "Abstain"
        )
        expect(page.get_by_role("button", name="Abstain")).to_have_count(0)
        with page.expect_download() as downloaded:
            page.get_by_role("link", name="Minutes as CSV").click()
        assert OVERDUE in downloaded.value.path().read_text(encoding="utf-8-sig")
        assert violations(page) == []
        assert overflow(page) == 0
        assert (watch.complaints, watch.foreign) == ([], [])
