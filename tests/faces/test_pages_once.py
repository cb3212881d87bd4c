"""A form of a page is carried out once, however often it is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client

from changes.models import ChangeComment
from compliance.models import CorrectiveAction
from incidents.services.runbooks.running import run_start
from opsportal.accounts.models import Absence
from opsportal.core.clock import edge_now
from opsportal.web.models import SentForm
from opsportal.web.once import TOKEN, sent_prune
from tests.auditing import SOON, accepted, make_crew
from tests.changing import Cast, draft, make_cast, submitted, vote
from tests.makers import NOW, make_user
from tests.reading import HTMX, as_
from tests.services import test_runbook as runbooks
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
ONE, TWO = "a" * 64, "b" * 64


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def said(client: Client, path: str, **more: str) -> Any:
    return client.post(path, {"text": "Looks good.", "kind": "remark", TOKEN: ONE, **more})


def test_a_double_click_makes_one_and_leads_to_the_same_place(cast: Cast) -> None:
    client, path = as_(cast.bystander), f"/changes/{draft(cast).key}/comment/"
    first, second = said(client, path), said(client, path)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert ChangeComment.objects.count() == 1
    assert [str(one) for one in get_messages(second.wsgi_request)] == [
        "This was sent before, and was done once. Load the page anew to do it again."
    ]


def test_another_page_content_place_or_person_is_another_form(cast: Cast) -> None:
    client, path = as_(cast.bystander), f"/changes/{draft(cast).key}/comment/"
    said(client, path)
    said(client, path, **{TOKEN: TWO})
    said(client, path, text="Still good.")
    said(client, f"/changes/{draft(cast).key}/comment/")
    said(as_(cast.lead), path)
    assert ChangeComment.objects.count() == 5


def test_what_a_program_sends_is_left_alone(cast: Cast) -> None:
    client, path = as_(cast.bystander), f"/changes/{draft(cast).key}/comment/"
    for _ in range(2):
        client.post(path, {"text": "x", "kind": "remark"})
    assert (ChangeComment.objects.count(), SentForm.objects.count()) == (2, 0)


@pytest.mark.parametrize("decision", ["ask", "reject", "approve", "abstain", "recuse"])
def test_what_is_said_on_a_card_twice_is_said_once(cast: Cast, decision: str) -> None:
    with time_machine.travel(NOW, tick=False):
        change = vote(submitted(cast), cast.lead)
        sent = {"decision": decision, "comment": "Why now?", "content_hash": change.content_hash, TOKEN: ONE}
        client, path = as_(cast.board[0]), f"/cab/vote/change/{change.key}/"
        first = client.post(path, sent, headers=HTMX)
        assert (first.status_code, SentForm.objects.count()) == (200, 1), first.content.decode()
        with nothing_written():
            twin = client.post(path, sent, headers=HTMX)
        # htmx loads the page anew, which shows what was done, and says why.
        assert (twin.status_code, twin["HX-Refresh"], twin.content) == (204, "true", b"")
        assert "This was sent before" in client.get("/cab/").content.decode()


def test_a_step_is_ticked_once_and_again_after_it_was_opened() -> None:
    crew = runbooks.make_cast()
    runbook = runbooks.published(crew)
    run = run_start(actor=crew.owner.actor, now=edge_now(), slug=runbook.slug, occasion="exercise")
    client, path = as_(crew.owner), f"/runbooks/runs/{run.pk}/steps/1"
    for number, verb in enumerate(("do", "reopen", "do"), start=1):
        sent = {"note": "", "version": str(number), TOKEN: ONE}
        fragment = client.post(f"{path}/{verb}/", sent, headers=HTMX)
        assert (fragment.status_code, "HX-Refresh" in fragment) == (200, False)
        with nothing_written():
            assert client.post(f"{path}/{verb}/", sent, headers=HTMX)["HX-Refresh"] == "true"
        assert run.steps.get(number=1).version == number + 1


def test_what_htmx_asks_for_only_to_look_at_is_answered_each_time(cast: Cast) -> None:
    client = as_(cast.requester)
    with nothing_written():
        for _ in range(2):
            sent = {"type": "normal", TOKEN: ONE}
            assert client.post("/changes/new/shape/", sent, headers=HTMX).status_code == 200


def test_what_was_refused_can_be_sent_again() -> None:
    with time_machine.travel(NOW, tick=False):
        ada = make_user(name="Ada")
        sent = {"starts_at": "2026-03-09T08:00", "ends_at": "2026-03-10T08:00", TOKEN: ONE}
        client = as_(ada)
        client.post("/away/", {**sent, TOKEN: TWO})
        # Refused (away then already), and the refusal itself is written down; that is not the form's doing.
        assert client.post("/away/", sent).status_code == 409
        Absence.objects.all().delete()
        assert client.post("/away/", sent).status_code == 302
        assert client.post("/away/", sent).status_code == 302
        assert Absence.objects.count() == 1


def test_one_corrective_action_is_opened() -> None:
    with time_machine.travel(NOW, tick=False):
        crew = make_crew()
        finding = accepted(crew)
        body = {"title": "Mend it", "owner": str(crew.owner.pk), "due_at": f"{SOON:%Y-%m-%dT%H:%M}"}
        client = as_(crew.owner)
        path = f"/audits/findings/{finding.key}/actions/"
        answers = [client.post(path, {**body, TOKEN: ONE}) for _ in range(2)]
        assert [one.status_code for one in answers] == [302, 302], answers[0].content.decode()
        assert answers[0]["Location"] == answers[1]["Location"]
        assert CorrectiveAction.objects.count() == 1


def test_forms_are_forgotten_after_a_day(cast: Cast) -> None:
    said(as_(cast.bystander), f"/changes/{draft(cast).key}/comment/")
    sent_at = SentForm.objects.get().sent_at
    assert sent_prune(now=sent_at + timedelta(hours=23)) == 0
    assert sent_prune(now=sent_at + timedelta(hours=25)) == 1
