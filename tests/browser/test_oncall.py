"""An on-call schedule in a real browser: written with a preview, drawn, read on a phone, excepted."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import Watch, overflow, signed_in, violations
from tests.portal import LivePortal

PATHS = ("/oncall/", "/oncall/{slug}/", "/oncall/{slug}/?view=month", "/oncall/{slug}/edit/")


def test_a_schedule_is_written_previewed_drawn_and_excepted(demo: LivePortal, browser: Browser) -> None:
    slug = "browser-rota"
    with signed_in(browser, demo, "Sam Whitfield", viewport={"width": 1360, "height": 900}) as page:
        watch = Watch(page, demo.url)
        _write(page, slug)
        drawing = page.locator("#op-oncall")
        expect(drawing.locator(".ec-event").first).to_be_visible()
        expect(
            page.get_by_role("table", name="Who is on call when").get_by_text("by Weeks").first
        ).to_be_visible()
        _except(page, slug)
        expect(page.get_by_role("heading", name="Exceptions that stand")).to_be_visible()
        found = []
        for width in (1360, 320):
            page.set_viewport_size({"width": width, "height": 850})
            for path in (*PATHS, "/oncall/{slug}/exceptions/new/"):
                page.goto(path.format(slug=slug))
                found += violations(page)
                if overflow(page):
                    found.append(f"{path} is {overflow(page)} px wider than {width}")
        assert found == []
        assert watch.complaints == []
        assert watch.foreign == []


def _write(page: Page, slug: str) -> None:
    page.goto("/oncall/new/")
    page.get_by_label("Name", exact=True).first.fill("Browser rota")
    page.get_by_label("Short name").fill(slug)
    page.get_by_label("Time zone").fill("Europe/Berlin")
    layer = page.get_by_role("group", name="Layer 1")
    layer.get_by_label("Name").fill("Weeks")
    layer.get_by_label("Turns").fill("Sam Whitfield\nPriya Nair")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Add a layer").click()
    second = page.get_by_role("group", name="Layer 2")
    second.get_by_label("Name").fill("Days")
    second.get_by_label("Role").select_option("secondary")
    second.get_by_label("Turns").fill("Priya Nair")
    second.get_by_label("Covers only").fill("mon-fri 09:00-17:00")
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_role("heading", name="Preview of four weeks")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/oncall/{slug}/")


def _except(page: Page, slug: str) -> None:
    page.goto(f"/oncall/{slug}/exceptions/new/")
    page.get_by_label("What").select_option("also")
    page.get_by_label("Who").fill("Priya Nair")
    page.get_by_label("From").fill("2030-01-07T09:00")
    page.get_by_label("Until").fill("2030-01-07T12:00")
    page.get_by_role("button", name="Make the exception").click()
    page.wait_for_url(f"**/oncall/{slug}/")
