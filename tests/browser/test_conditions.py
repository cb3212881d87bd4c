"""A file at a change, and a yes that is tied to something, on the smallest phone."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import DELIVERY_DATE, Watch, key_of, overflow, signed_in, violations
from tests.portal import LivePortal

WINDOW = {"width": 320, "height": 640}
CONDITION = "Show the date in the customer's own zone"
FIGURES = b"read of the delivery date\np50 11 ms\np99 38 ms\n"


def wrong(page: Page) -> list[str]:
    """Return what axe finds, and by how much the page is too wide with everything unfolded."""
    found = violations(page)
    wider = overflow(page)
    return [*found, *([f"{page.url} is {wider} px wider than the window"] if wider else [])]


def test_a_file_is_attached_and_a_yes_on_conditions_is_met_and_confirmed(
    demo: LivePortal, browser: Browser
) -> None:
    with (
        signed_in(browser, demo, "Elena Rossi", viewport=WINDOW) as elena,
        signed_in(browser, demo, "Priya Nair", viewport=WINDOW) as priya,
    ):
        watched = [Watch(page, demo.url) for page in (elena, priya)]
        change = f"/changes/{key_of(elena, DELIVERY_DATE)}/"

        elena.goto(change)
        elena.get_by_label("Attach a file").set_input_files(
            files={"name": "load-test.txt", "mimeType": "text/plain", "buffer": FIGURES}
        )
        elena.get_by_role("button", name="Attach", exact=True).click()
        expect(elena.get_by_text("load-test.txt is attached.")).to_be_visible()
        with elena.expect_download() as downloaded:
            elena.get_by_role("link", name="load-test.txt").click()
        assert downloaded.value.path().read_bytes() == FIGURES
        assert wrong(elena) == []

        priya.goto(change)
        expect(priya.get_by_role("link", name="load-test.txt")).to_be_visible()
        priya.locator("summary", has_text="Approve on conditions").click()
        priya.get_by_label("Conditions").fill(CONDITION)
        assert wrong(priya) == []
        priya.get_by_role("button", name="Approve on these conditions").click()
        conditions = priya.get_by_role("region", name="Conditions of the approval")
        expect(conditions).to_contain_text(CONDITION)
        assert wrong(priya) == []

        elena.goto(change)
        assert wrong(elena) == []
        elena.get_by_label("What shows that it is met").fill("Deployed to staging; seen in Lisbon and Oslo.")
        elena.get_by_role("button", name="It is met").click()
        expect(elena.get_by_text("seen in Lisbon and Oslo").first).to_be_visible()

        priya.goto(change)
        assert wrong(priya) == []
        priya.get_by_role("button", name="Confirm that it is met").click()
        expect(conditions).to_contain_text("confirmed it")
        assert wrong(priya) == []
        assert [(watch.complaints, watch.foreign) for watch in watched] == [([], []), ([], [])]


def test_breaking_the_glass_takes_a_second_person_and_ends_when_it_is_mended(
    demo: LivePortal, browser: Browser
) -> None:
    with (
        signed_in(browser, demo, "Elena Rossi", viewport=WINDOW) as elena,
        signed_in(browser, demo, "Priya Nair", viewport=WINDOW) as priya,
    ):
        elena.goto("/break-glass/")
        elena.get_by_role("checkbox", name="Search", exact=True).check()
        elena.get_by_label("Environment").select_option("production")
        elena.get_by_role("textbox", name="Why it cannot wait").fill("Search answers nothing at all.")
        assert wrong(elena) == []
        elena.get_by_role("button", name="Ask for a second person").click()
        expect(elena.get_by_text("they are told")).to_be_visible()
        assert wrong(elena) == []

        priya.goto(elena.url)
        assert wrong(priya) == []
        priya.get_by_role("link", name="Confirm: break the glass").click()
        assert wrong(priya) == []
        priya.get_by_role("button", name="Confirm: break the glass").click()
        expect(priya.get_by_text("Everybody who answers for it is told")).to_be_visible()
        assert wrong(priya) == []

        elena.reload()
        expect(elena.get_by_text("the glass is broken in Production").first).to_be_visible()
        assert wrong(elena) == []
        elena.get_by_role("link", name="End it now").click()
        elena.get_by_role("button", name="End it now").click()
        expect(elena.get_by_text("is over.").first).to_be_visible()
        assert wrong(elena) == []
