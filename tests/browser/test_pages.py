"""Every page in a real browser: accessible in light and dark, on a phone, from this host alone."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Browser, Page, ViewportSize, expect

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

DESK: ViewportSize = {"width": 1360, "height": 850}
SMALL_DESK: ViewportSize = {"width": 1280, "height": 850}
PHONE: ViewportSize = {"width": 390, "height": 850}
NARROWEST: ViewportSize = {"width": 320, "height": 640}
SETTLE = "document.getAnimations().forEach((one) => { if (one instanceof CSSTransition) one.finish(); })"


def test_every_page_is_accessible_fits_its_window_and_asks_nobody_else(
    demo: LivePortal, browser: Browser
) -> None:
    """Each page is loaded once: looked at in light on a desk, then laid out anew in dark for phones."""
    with signed_in(browser, demo, "Priya Nair", color_scheme="light", viewport=DESK) as page:
        watch = Watch(page, demo.url)
        found: list[str] = []
        for path in every_page(page):
            load(page, path)
            found += violations(page) + too_wide(page, path)
            in_dark_on_a_phone(page, path)
            found += violations(page) + too_wide(page, path)
            page.set_viewport_size(NARROWEST)
            found += too_wide(page, path)
        assert found == []
        assert watch.complaints == []
        assert watch.foreign == []


def load(page: Page, path: str, window: ViewportSize = DESK) -> None:
    """Load a page in light on a desk."""
    page.set_viewport_size(window)
    page.emulate_media(color_scheme="light")
    page.goto(path)
    if has_our_theme(path):
        assert page.locator("html").get_attribute("data-bs-theme") == "light"


def in_dark_on_a_phone(page: Page, path: str) -> None:
    """Look at the page that is loaded in dark on a phone, when its colours and places have settled."""
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    if has_our_theme(path):
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.evaluate(SETTLE)


def has_our_theme(path: str) -> bool:
    """Tell whether the page may be set to light or dark; others follow the reader's system alone."""
    return not path.startswith((PUBLIC, "/admin/"))


def too_wide(page: Page, path: str) -> list[str]:
    """Return a sentence where the page is wider than its window as it is now."""
    by = overflow(page)
    return [f"{path} is {by} px wider than the window of {page.viewport_size}"] if by else []


def test_the_back_office_is_accessible_and_cuts_nothing_off(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Sam Whitfield", color_scheme="light", viewport=SMALL_DESK) as page:
        found: list[str] = []
        for path in BACK_OFFICE:
            watch = Watch(page, demo.url)
            for look in (partial(load, window=SMALL_DESK), in_dark_on_a_phone):
                watch.complaints.clear()  # what axe itself made the browser complain about
                look(page, path)
                found += [*watch.complaints, *watch.foreign, *too_wide(page, path)]
                found += [text for text in violations(page) if " minor " not in text]
        assert found == []


def test_a_page_that_is_loaded_in_dark_on_a_phone_is_dark_at_once(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Priya Nair", color_scheme="dark", viewport=PHONE) as page:
        for path in ("/", "/changes/new/", "/standards/active/"):
            page.goto(path)
            assert page.locator("html").get_attribute("data-bs-theme") == "dark"
            assert violations(page) + too_wide(page, path) == []


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
