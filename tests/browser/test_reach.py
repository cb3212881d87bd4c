"""A page, lived through: the mail, its link on a phone, the button, the ledger; and a way that is added."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ViewportSize, expect

from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.notify.services import page as page_people
from tests.browser.reading import overflow, signed_in, violations
from tests.portal import LivePortal
from tests.servers import Mailbox
from tests.telling import tick_through

PHONE: ViewportSize = {"width": 320, "height": 700}


def test_the_link_in_the_mail_acknowledges_by_its_button(
    portal: LivePortal, mailbox: Mailbox, browser: Browser
) -> None:
    portal.start_web(OPSPORTAL_DEMO_LOGINS="1")
    portal.start_worker()
    priya = User.objects.get(full_name="Priya Nair")
    (row,) = page_people(
        now=database_now(),
        page_key="INC-9:1",
        recipients=[priya.pk],
        subject="Payments are down",
        body="Error rate 40 % since 10:02.",
        reference="INC-9",
    )
    tick_through(portal, "notify.deliver")
    (mail,) = mailbox.wait_for(1, to=priya.email)
    link = re.search(r"https?://\S+/ack/\S+", mail.text)
    assert link is not None
    phone = browser.new_context(base_url=portal.url, viewport=PHONE)
    window = phone.new_page()
    window.goto(urlsplit(link[0]).path)
    expect(window.get_by_role("heading", level=1)).to_have_text("Payments are down")
    expect(window.get_by_text("For Priya Nair")).to_be_visible()
    assert violations(window) == []
    assert overflow(window) == 0
    row.refresh_from_db()
    assert row.state == "paging"
    window.get_by_role("button", name="I have it").click()
    expect(window.get_by_role("heading", level=1)).to_have_text("Acknowledged")
    row.refresh_from_db()
    assert row.state == "acknowledged"
    phone.close()
    with signed_in(browser, portal, "Priya Nair", viewport=PHONE) as window:
        window.goto("/account/reach/")
        window.get_by_label("Number, id or address").fill("priya.at.night@example.org")
        window.get_by_role("button", name="Add, and send a code there").click()
        tick_through(portal, "notify.deliver")
        (mail,) = mailbox.wait_for(1, to="priya.at.night@example.org")
        code = re.search(r"\b\d{6}\b", mail.text)
        assert code is not None
        assert violations(window) == []
        assert overflow(window) == 0
        window.get_by_label("Code").fill(code[0])
        window.get_by_role("button", name="Verify").click()
        added = window.get_by_role("listitem").filter(has_text="priya.at.night@example.org")
        expect(added.get_by_text("Verified", exact=True)).to_be_visible()
        window.get_by_role("link", name="Payments are down").click()
        expect(window.get_by_role("cell", name="Sent")).to_be_visible()
        assert violations(window) == []
        assert overflow(window) == 0
