"""Every page in a real browser: accessible in light and dark, on a phone, from this host alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import (
    BACK_OFFICE,
    EMERGENCY,
    PUBLIC,
    SCHEDULED,
    Watch,
    every_page,
    key_of,
    overflow,
    signed_in,
    violations,
)
from tests.portal import LivePortal


@pytest.mark.parametrize(("theme", "width", "narrowest"), [("light", 1360, 1360), ("dark", 390, 320)])
def test_every_page_is_accessible_fits_its_window_and_asks_nobody_else(
    demo: LivePortal, browser: Browser, theme: str, width: int, narrowest: int
) -> None:
    """Phones look at it in the narrowest window, too: the page that is there is laid out anew for it."""
    window = {"width": width, "height": 850}
    with signed_in(browser, demo, "Priya Nair", color_scheme=theme, viewport=window) as page:
        watch = Watch(page, demo.url)
        found: list[str] = []
        for path in every_page(page):
            page.goto(path)
            if not path.startswith(PUBLIC):  # it follows the reader's system alone
                assert page.locator("html").get_attribute("data-bs-theme") == theme
            if narrowest < width:
                page.set_viewport_size({"width": narrowest, "height": 640})
                found += too_wide(page, path)
                page.set_viewport_size({"width": width, "height": 850})
            found += violations(page) + too_wide(page, path)
        assert found == []
        assert watch.complaints == []
        assert watch.foreign == []


def too_wide(page: Page, path: str) -> list[str]:
    """Return a sentence where the page is wider than its window as it is now."""
    by = overflow(page)
    return [f"{path} is {by} px wider than the window of {page.viewport_size}"] if by else []


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_back_office_is_accessible_and_cuts_nothing_off(
    demo: LivePortal, browser: Browser, theme: str, width: int
) -> None:
    window = {"width": width, "height": 850}
    with signed_in(browser, demo, "Sam Whitfield", color_scheme=theme, viewport=window) as page:
        found: list[str] = []
        for path in BACK_OFFICE:
            watch = Watch(page, demo.url)
            page.goto(path)
            found += [*watch.complaints, *watch.foreign]
            found += too_wide(page, path)
            found += [text for text in violations(page) if " minor " not in text]
        assert found == []


def test_the_sign_in_page_is_accessible(demo: LivePortal, page: Page) -> None:
    watch = Watch(page, demo.url)
    page.goto(f"{demo.url}/accounts/login/")
    assert violations(page) == []
    assert (watch.complaints, watch.foreign) == ([], [])


def test_light_and_dark_is_kept_and_drawn_by_the_server(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Elena Rossi", color_scheme="light") as page:
        html = page.locator("html")
        expect(html).to_have_attribute("data-bs-theme", "light")
        page.get_by_label("Light or dark").or_(page.locator(".op-theme-button")).first.click()
        with page.expect_response("**/theme/"):
            page.get_by_role("button", name="Dark").click()
        expect(html).to_have_attribute("data-bs-theme", "dark")
        first_bytes = page.request.get(f"{demo.url}/changes/").text()[:400]
        assert 'data-bs-theme="dark"' in first_bytes
        page.goto("/changes/")
        expect(html).to_have_attribute("data-bs-theme", "dark")


def test_the_layout_works_by_keyboard(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Elena Rossi") as page:
        key = key_of(page, SCHEDULED)
        page.goto("/")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        page.keyboard.press("Control+k")
        search = page.get_by_role("searchbox", name="Search everything")
        expect(search).to_be_focused()
        page.keyboard.type(key.lower())
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/changes/{key}/")
        account = page.locator("summary", has_text="Your account")
        account.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
        expect(account).to_be_focused()


def test_the_navigation_of_a_phone_opens_and_closes_by_keyboard(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Elena Rossi", viewport={"width": 390, "height": 844}) as page:
        main = page.get_by_role("navigation", name="Main")
        expect(main).to_be_hidden()
        menu = page.get_by_role("button", name="Menu")
        menu.focus()
        page.keyboard.press("Enter")
        expect(menu).to_have_attribute("aria-expanded", "true")
        main.get_by_role("link", name="Changes").focus()
        page.keyboard.press("Escape")
        expect(main).to_be_hidden()
        expect(menu).to_be_focused()
        page.keyboard.press("Enter")
        main.get_by_role("link", name="Deployments").click()
        page.wait_for_url("**/deployments/")


def test_everything_works_without_scripts(demo: LivePortal, browser: Browser) -> None:
    with signed_in(
        browser, demo, "Ingrid Larsen", java_script_enabled=False, viewport={"width": 390, "height": 844}
    ) as page:
        key = key_of(page, EMERGENCY)
        page.get_by_role("navigation", name="Main").get_by_role("link", name="CAB").click()
        card = page.get_by_role("article").filter(has_text=key)
        card.get_by_role("button", name="Approve").click()
        expect(page.get_by_text(f"You approved {key}.")).to_be_visible()
        page.goto("/changes/new/?type=normal")
        page.get_by_role("textbox", name="Title").fill("Without scripts")
        page.get_by_label("High").check()
        page.get_by_role("button", name="Show what the standard asks for").click()
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Without scripts")
        expect(page.get_by_text("A normal change of high risk has a window").first).to_be_visible()
