"""An audit in a real browser, in the administration: from plan to report."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import signed_in
from tests.portal import LivePortal


def step(page: Page, link: str, button: str, **typed: str) -> None:
    """Follow a link of the audit's page, fill in what it asks, and take the step."""
    page.get_by_role("link", name=re.compile(rf"^{link}( FND-\d+)?$")).click()
    for label, text in typed.items():
        field = page.get_by_label(label.replace("_", " ").capitalize(), exact=True)
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(label=text)
        else:
            field.fill(text)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".messagelist .success").first).to_be_visible()


def test_an_audit_from_plan_to_report(browser: Browser, demo: LivePortal) -> None:
    with signed_in(browser, demo, "Ines Duarte") as page:
        page.goto("/admin/compliance/audit/add/")
        page.locator("#id_title").fill("Audit in the browser")
        page.locator("#id_kind").fill("review")
        page.locator("#id_period_from").fill("2026-01-01")
        page.locator("#id_period_until").fill("2026-12-31")
        page.locator("#id_reason").fill("It is planned.")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("link", name="Audit in the browser", exact=True).first.click()
        step(page, "Begin the fieldwork", "Begin")
        step(
            page,
            "Plan a test",
            "Plan it",
            or_what_is_not_in_the_catalogue="CC8.1",
            what_it_demands="Changes are approved",
        )
        step(page, "Freeze a population", "Freeze it", what="Changes")
        step(page, "Draw a sample of changes", "Draw it", how_many="2", seed="browser-2026")
        page.get_by_role("link", name="Sample of 2").click()
        for _ in range(2):
            page.get_by_label("Passed").check()
            page.get_by_role("button", name="Record, and on to the next").click()
        expect(page.get_by_role("navigation", name="Items of the sample")).not_to_contain_text("Not tested")
        page.get_by_role("link", name="The complete file").click()
        expect(page.get_by_role("heading", name="Reviews and votes")).to_be_visible()
        with page.expect_download() as pdf:
            page.get_by_role("link", name="PDF", exact=True).click()
        assert pdf.value.suggested_filename.endswith(".pdf")
        page.get_by_role("link", name=re.compile(r"^AUD-\d+$")).click()
        step(
            page,
            "Draft a finding",
            "Keep the draft",
            title="Seen in the browser",
            condition="One of two.",
            criteria="CC8.1",
            owner="Elena Rossi",
        )
        step(page, "Report it", "Report it")
        step(page, "Record the result of .*CC8.1.*", "Record it", result="Met", work_done="Looked at two.")
        step(page, "End the fieldwork", "Go on to the report")
        expect(page.get_by_text("Before the report is issued: its opinion")).to_be_visible()
        expect(page.get_by_role("link", name="Issue the report")).to_have_count(0)
        page.get_by_role("link", name="Opinion and conclusion").click()
        expect(page.get_by_text("is critical and open")).to_be_visible()
        page.get_by_role("link", name="Back to the audit").click()
        step(
            page,
            "Opinion and conclusion",
            "Save",
            opinion="Effective",
            conclusion="All is well.",
            **{"why,_although_something_is_open": "It was put right at once."},
        )
        step(page, "Issue the report", "Issue it")
        step(page, "Close the audit", "Close it")
        page.get_by_role("link", name="Report", exact=True).click()
        expect(page.get_by_text("Seen in the browser").first).to_be_visible()
        expect(page.get_by_text("SHA-256").first).to_be_visible()
