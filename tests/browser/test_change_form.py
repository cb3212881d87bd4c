"""The form of a change and the agenda, by mouse and keyboard in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.reading import (
    IMAGES_MOVED,
    KEYS_ROTATED,
    Watch,
    key_of,
    overflow,
    signed_in,
    violations,
)
from tests.portal import LivePortal


def test_choosing_a_risk_changes_what_is_asked_and_keeps_words_and_focus(
    demo: LivePortal, browser: Browser
) -> None:
    with signed_in(browser, demo, "Elena Rossi") as page:
        watch = Watch(page, demo.url)
        page.goto("/changes/new/?type=normal")
        page.get_by_role("textbox", name="Title").fill("Rotate <b>keys</b>")
        page.get_by_role("textbox", name="What is done").fill("All of them.\nOne by one.")
        decides = page.get_by_role("region", name="Who will decide")
        expect(decides).not_to_contain_text("Security review")
        with page.expect_response("**/changes/new/shape/"):
            page.get_by_label("High").check()
        expect(decides).to_contain_text("Security review: any one of Security Reviewer")
        expect(page.get_by_label("High")).to_be_focused()
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Rotate <b>keys</b>")
        expect(page.get_by_role("textbox", name="What is done")).to_have_value("All of them.\nOne by one.")
        assert (watch.complaints, watch.foreign) == ([], [])


def test_words_typed_while_the_form_is_exchanged_are_not_lost(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Elena Rossi") as page:
        page.goto("/changes/new/?type=normal")
        words = page.get_by_role("textbox", name="What is done")

        def slowly(route: object) -> None:
            words.press_sequentially(" while waiting")
            route.continue_()  # type: ignore[attr-defined]

        words.fill("Typed before,")
        page.route("**/changes/new/shape/", slowly)
        with page.expect_response("**/changes/new/shape/"):
            page.get_by_label("High").check()
        expect(words).to_have_value("Typed before, while waiting")


def test_errors_are_summed_up_and_lead_to_their_fields(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Elena Rossi") as page:
        page.goto("/changes/new/?type=emergency")
        page.get_by_role("textbox", name="Title").fill("Stop the leak")
        page.get_by_role("button", name="Save and submit").click()
        summary = page.get_by_role("alert")
        expect(summary).to_be_focused()
        summary.get_by_role("link", name="The way back").click()
        way_back = page.get_by_role("textbox", name="The way back")
        expect(way_back).to_be_focused()
        expect(way_back).to_have_attribute("aria-invalid", "true")
        errors = way_back.get_attribute("aria-describedby") or ""
        assert "id_rollback_plan_errors" in errors
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Stop the leak")


def test_the_agenda_is_worked_through_by_keyboard(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Ingrid Larsen") as page:
        watch = Watch(page, demo.url)
        page.goto("/cab/")
        cards = page.get_by_role("article")
        first, second = cards.nth(0), cards.nth(1)
        page.keyboard.press("j")
        expect(first).to_be_focused()
        page.keyboard.press("j")
        expect(second).to_be_focused()
        page.keyboard.press("k")
        expect(first).to_be_focused()
        # q leads to the words; what is typed there are words, not keys.
        page.keyboard.press("q")
        comment = first.get_by_label("Your vote")
        expect(comment).to_be_focused()
        page.keyboard.type("jaxq: who watches?")
        expect(comment).to_have_value("jaxq: who watches?")
        page.keyboard.press("Control+Enter")
        expect(first).to_contain_text("Your question on")
        expect(first).to_be_focused()
        before = page.locator("#op-count-cab").inner_text()
        page.keyboard.press("a")
        expect(first.get_by_role("button", name="Approve")).to_be_focused()
        page.keyboard.press("Enter")
        expect(first).to_contain_text("You approved")
        expect(page.locator("#op-live")).to_contain_text("You approved")
        expect(page.locator("#op-count-cab")).not_to_have_text(before)
        assert (watch.complaints, watch.foreign) == ([], [])


def test_the_keys_can_be_switched_off(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Ingrid Larsen") as page:
        page.goto("/cab/")
        page.locator("summary", has_text="Keys").click()
        page.get_by_label("Use these keys").uncheck()
        page.get_by_role("article").first.focus()
        page.keyboard.press("j")
        expect(page.get_by_role("article").first).to_be_focused()
        page.reload()
        page.get_by_role("article").first.focus()
        page.keyboard.press("j")
        expect(page.get_by_role("article").first).to_be_focused()


def test_two_members_at_once_both_count_and_see_each_other(demo: LivePortal, browser: Browser) -> None:
    with (
        signed_in(browser, demo, "Ingrid Larsen") as ingrid,
        signed_in(browser, demo, "Tomás Herrera") as tomas,
    ):
        key = key_of(ingrid, IMAGES_MOVED)
        for page in (ingrid, tomas):
            page.goto("/cab/change-advisory-board/")
        mine = ingrid.locator(f"#card-change-{key}")
        mine.get_by_role("button", name="Approve").click()
        expect(mine).to_contain_text("1 of 2 yes")
        theirs = tomas.locator(f"#card-change-{key}")
        expect(theirs).to_contain_text("0 of 2 yes")
        theirs.get_by_role("button", name="Approve").click()
        expect(theirs).to_contain_text("2 of 2 yes")
        expect(theirs).to_contain_text("Ingrid Larsen")


def test_a_vote_that_comes_too_late_says_so_on_the_card(demo: LivePortal, browser: Browser) -> None:
    with (
        signed_in(browser, demo, "Ingrid Larsen") as one,
        signed_in(browser, demo, "Ingrid Larsen") as other,
    ):
        key = key_of(one, KEYS_ROTATED)
        for page in (one, other):
            page.goto("/cab/")
        one.locator(f"#card-change-{key}").get_by_role("button", name="Approve").click()
        expect(one.locator(f"#card-change-{key}")).to_contain_text(f"You approved {key}.")
        card = other.locator(f"#card-change-{key}")
        card.get_by_label("Your vote").fill("I have changed my mind")
        card.get_by_role("button", name="Reject").click()
        expect(card.get_by_role("alert")).to_contain_text("is over")
        expect(card).to_contain_text("2 of 2 yes")


def test_a_server_that_is_away_is_said_and_nothing_is_lost(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Ingrid Larsen") as page:
        page.goto("/cab/")
        card = page.get_by_role("article").first
        card.get_by_label("Your vote").fill("My long thoughts")
        page.context.set_offline(True)
        card.get_by_role("button", name="Approve").click()
        expect(page.locator("#notices")).to_contain_text("The portal did not answer")
        expect(card.get_by_label("Your vote")).to_have_value("My long thoughts")


def test_a_name_is_chosen_while_a_comment_is_written(demo: LivePortal, browser: Browser) -> None:
    with signed_in(browser, demo, "Elena Rossi", viewport={"width": 320, "height": 640}) as page:
        watch = Watch(page, demo.url)
        page.goto(f"/changes/{key_of(page, IMAGES_MOVED)}/")
        words = page.get_by_label("Comment or question")
        words.press_sequentially("Please look, @pri")
        people = page.get_by_role("listbox", name="People to mention")
        expect(people.get_by_role("option", name="Priya Nair")).to_have_attribute("aria-selected", "true")
        assert violations(page) == []
        assert overflow(page) == 0
        page.keyboard.press("Escape")
        expect(people).to_be_hidden()
        words.press_sequentially("y")
        expect(people.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(words).to_have_value("Please look, @Priya Nair ")
        expect(people).to_be_hidden()
        expect(words).to_be_focused()
        assert (watch.complaints, watch.foreign) == ([], [])
