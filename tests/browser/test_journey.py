"""The main job, lived through in a real browser: request → reviews → CAB → gate → deployment → closure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import OVERDUE
from tests.portal import LivePortal
from tests.processes import wait_until
from tests.servers import Mailbox

PLAN = {
    "What is done": "Send order confirmations through the new queue.",
    "Why it is needed": "Mails are late by up to an hour on Mondays.",
    "What may go wrong": "Low: a mail may come twice.",
    "Whom and what it touches": "Customers who order; nothing else.",
    "The steps": "1. Deploy.\n2. Watch the queue for an hour.",
    "How it was tested": "2,000 mails on staging, none lost.",
    "The way back": "Deploy the former version.",
}


@contextmanager
def signed_in(browser: Browser, portal: LivePortal, name: str) -> Iterator[Page]:
    """A browser of one person's own, signed in from the list of who is who."""
    context = browser.new_context(base_url=portal.url, timezone_id="Europe/Berlin")
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name=f"Sign in as {name}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name.split(" ", maxsplit=1)[0])
    yield page
    context.close()


def bearer(portal: LivePortal) -> dict[str, str]:
    made = portal.manage(
        *(
            "token",
            "create",
            "ci",
            "--scope",
            "deployments:write",
            "--scope",
            "gate:read",
            "--scope",
            "changes:read",
        )
    )
    assert re.fullmatch(r"opk_[A-Za-z0-9_-]{40,}\n", made.stdout)
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


def ask_gate(portal: LivePortal, token: dict[str, str], key: str) -> Any:
    query = f"service=notifications&environment=production&version=3.1.0&change={key}"
    checks = "&check=tests:passed&check=code_review:passed"
    return portal.json(f"/api/v1/gate/?{query}{checks}", headers=token)[1]


def report(portal: LivePortal, token: dict[str, str], deployment: str, **event: object) -> str:
    status, told = portal.json(
        f"/api/v1/deployments/{deployment}/events/", json_body=event, headers=token, method="POST"
    )
    assert status in {200, 201}, told
    return str(told["action"])


def raise_change(page: Page) -> str:
    """Raise a normal change as an engineer does, and return its key."""
    page.get_by_role("link", name="New change").first.click()
    page.get_by_role("link", name="Raise a normal change").click()
    page.get_by_role("textbox", name="Title").fill("Queue for order confirmations")
    page.get_by_role("checkbox", name="Notifications").check()
    page.get_by_role("checkbox", name="Production").check()
    page.get_by_role("radio", name="Low").check()
    page.get_by_label("What is done").fill(PLAN["What is done"])
    # Too early: what is missing is named, and what was typed stays.
    page.get_by_role("button", name="Save and submit").click()
    expect(page.get_by_label("What is done")).to_have_value(PLAN["What is done"])
    expect(page.locator(".op-error").first).to_be_visible()
    for label, text in PLAN.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Save and submit").click()
    expect(page.get_by_text("It waits for the votes of Technical review")).to_be_visible()
    found = re.search(r"CHG-\d+", page.url)
    assert found
    return found[0]


def vote(page: Page, key: str, button: str) -> None:
    """Vote on the agenda by mouse."""
    page.goto("/cab/")
    card = page.get_by_role("article").filter(has_text=key)
    card.get_by_role("button", name=button, exact=True).click()


def vote_by_keyboard(page: Page, key: str) -> None:
    """Approve on the agenda without a mouse: move to the change, open the vote, send it."""
    page.goto("/cab/")
    cards = page.get_by_role("article")
    expect(cards.first).to_be_visible()
    for _ in range(cards.count()):
        page.keyboard.press("j")
        if key in page.evaluate("document.activeElement.textContent"):
            break
    assert key in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("a")
    page.keyboard.press("Enter")


def test_a_change_travels_from_request_to_deployment(
    portal: LivePortal, mailbox: Mailbox, browser: Browser
) -> None:
    portal.start_all(web={"OPSPORTAL_DEMO_LOGINS": "1"})
    token = bearer(portal)

    with signed_in(browser, portal, "Elena Rossi") as elena:
        key = raise_change(elena)
        expect(elena.get_by_role("button", name="Approve")).to_have_count(0)
    pending = ask_gate(portal, token, key)
    assert (pending["decision"], {one["code"] for one in pending["reasons"]}) == (
        "pending",
        {"change_not_approved"},
    )

    with signed_in(browser, portal, "Kwame Mensah") as kwame:
        vote(kwame, key, "Approve")
        expect(
            kwame.get_by_text("Your vote is counted").or_(kwame.get_by_text("Approved")).first
        ).to_be_visible()
    with signed_in(browser, portal, "Tomás Herrera") as tomas:
        vote(tomas, key, "Approve")
        expect(tomas.get_by_role("article").filter(has_text=key)).to_contain_text("1 of 2 yes")
        tomas.goto(f"/changes/{key}/")
        expect(tomas.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    with signed_in(browser, portal, "Ingrid Larsen") as ingrid:
        vote_by_keyboard(ingrid, key)
        ingrid.goto(f"/changes/{key}/")
        expect(ingrid.get_by_text("Approved", exact=True).first).to_be_visible()

    assert ask_gate(portal, token, key)["decision"] == "allowed"
    status, registered = portal.json(
        "/api/v1/deployments/",
        json_body={
            "service": "notifications",
            "environment": "production",
            "version": "3.1.0",
            "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "checks": {"tests": "passed", "code_review": "passed"},
            "change": key,
        },
        headers={**token, "Idempotency-Key": "pipeline-77"},
    )
    assert (status, registered["decision"], registered["reasons"]) == (201, "allowed", [])
    deployment = registered["key"]
    assert report(portal, token, deployment, event="started") == "continue"
    with signed_in(browser, portal, "Elena Rossi") as elena:
        elena.goto(f"/changes/{key}/")
        expect(elena.get_by_text("Implementing", exact=True).first).to_be_visible()
        assert report(portal, token, deployment, event="verified") == "continue"
        assert report(portal, token, deployment, event="succeeded") == "continue"
        elena.reload()
        expect(elena.get_by_text("Implemented", exact=True).first).to_be_visible()
        close(elena, key)
        expect(elena.get_by_text("Closed", exact=True).first).to_be_visible()
        for line in ("submitted the change", "voted yes", "closed the change"):
            expect(elena.get_by_text(line).first).to_be_visible()

    wait_until(lambda: reminded(mailbox), seconds=60, what="the manager hears of the approval left lying")
    assert_history_stands(key)


def reminded(mailbox: Mailbox) -> bool:
    """Whether the board's overdue vote of the demo has climbed to the engineering manager."""
    return any(OVERDUE in mail.text for mail in mailbox.to("tomas@demo.example"))


def close(page: Page, key: str) -> None:
    page.goto(f"/changes/{key}/")
    page.get_by_role("link", name="Review and close").click()
    page.get_by_role("textbox", name="Review").fill("As planned; no mail came twice.")
    page.get_by_role("textbox", name="Lessons learned").fill("Watch the queue longer next time.")
    page.get_by_role("checkbox", name="The documentation is up to date").check()
    page.get_by_role("button", name="Save and close the change").click()


def assert_history_stands(key: str) -> None:
    """The history cannot be edited, not even by SQL."""
    number = key.removeprefix("CHG-")
    for statement in (
        f"UPDATE changes_historicalchange SET title = 'x' WHERE id = {number}",
        f"DELETE FROM audit_auditentry WHERE object_key = '{key}'",
        "TRUNCATE audit_auditentry",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
