"""Pages of runbooks: written, looked at beforehand, published, followed."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.models import Runbook, RunbookRun
from tests.services.test_runbook import TEXT, Cast, make, make_cast, published
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def owner(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.owner)
    return client


FORM = {
    "title": "Queue grows",
    "slug": "queue-grows",
    "kind": "outage",
    "team": "payments",
    "review_every_days": "90",
    "services": ["ledger"],
    "alerts": 'alertname=QueueGrows, team="payments"\n\n',
    "text": TEXT,
}


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def test_a_runbook_is_written_published_followed_and_ended(cast: Cast, owner: Client) -> None:
    assert "Patch staging" in text_of(owner, "/runbooks/new/?kind=patching")
    form = {**FORM, "keeper": str(cast.owner.pk)}
    answer = owner.post("/runbooks/new/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/runbooks/queue-grows/")
    runbook = Runbook.objects.get()
    assert runbook.targets.get(service__isnull=True).labels == {"alertname": "QueueGrows", "team": "payments"}
    assert owner.post("/runbooks/queue-grows/do/publish/", {"version": 1}).status_code == 302
    page = text_of(owner, "/runbooks/queue-grows/")
    assert "Start, step by step" in page
    assert "team=payments" in page
    assert owner.post("/runbooks/queue-grows/start/", {"occasion": "exercise"}).status_code == 302
    run = RunbookRun.objects.get()
    assert "Step 2" in text_of(owner, f"/runbooks/runs/{run.pk}/")
    path = f"/runbooks/runs/{run.pk}/steps"
    fragment = owner.post(f"{path}/1/do/", {"version": 1, "note": "Looked."}, headers=HTMX)
    assert "1 of 2 open" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    late = owner.post(f"{path}/1/do/", {"version": 1}, headers=HTMX).content.decode()
    assert "Step 1: This step is not possible" in late
    assert owner.post(f"{path}/2/skip/", {"version": 1}).status_code == 400
    owner.post(f"{path}/2/skip/", {"version": 1, "note": "Not needed."})
    assert owner.post(f"/runbooks/runs/{run.pk}/complete/", {"note": "Fine."}).status_code == 302
    assert "Fine." in text_of(owner, f"/runbooks/runs/{run.pk}/")


def test_a_preview_shows_sections_and_stores_nothing(cast: Cast, owner: Client) -> None:
    with nothing_written():
        fragment = owner.post(
            "/runbooks/new/", {**FORM, "preview": "yes", "text": "## Symptoms\n<b>x</b>"}, headers=HTMX
        ).content.decode()
        assert "&lt;b&gt;x" in fragment
        assert "Not filled yet: Immediate actions" in fragment
        assert (
            "What it will look like"
            in owner.post("/runbooks/new/", {**FORM, "preview": "1"}).content.decode()
        )


def test_a_wrong_form_keeps_what_was_typed(cast: Cast, owner: Client) -> None:
    with nothing_written():
        answer = owner.post("/runbooks/new/", {**FORM, "keeper": str(cast.owner.pk), "alerts": "nonsense"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Line 1 has to be label=value" in page
    assert "Queue grows" in page


def test_versions_show_what_differs_and_the_list_what_is_overdue(cast: Cast, owner: Client) -> None:
    published(cast, review_every_days=1)
    owner.post(
        "/runbooks/slow-api/edit/",
        {**FORM, "keeper": str(cast.owner.pk), "text": TEXT.replace("Restart", "Wait"), "version": 2},
    )
    page = text_of(owner, "/runbooks/slow-api/versions/2/")
    assert "<del>2. Restart</del>" in page
    assert "<ins>2. Wait</ins>" in page
    assert "is not published yet" in text_of(owner, "/runbooks/slow-api/")
    assert "Overdue" in text_of(owner, "/runbooks/?state=overdue")
    coverage = text_of(owner, "/runbooks/coverage/")
    assert "Payments Api" in coverage or "Ledger" in coverage
    assert "Reviews overdue" in coverage
    text_of(owner, "/runbooks/slow-api/versions/9/", 404)
    text_of(owner, "/runbooks/?kind=party", 400)


def test_who_may_not_write_sees_no_buttons_and_is_refused(cast: Cast) -> None:
    make(cast)
    client = Client()
    client.force_login(cast.other)
    page = text_of(client, "/runbooks/slow-api/")
    assert "/runbooks/slow-api/edit/" not in page
    text_of(client, "/runbooks/slow-api/edit/", 403)
    text_of(client, "/runbooks/new/", 403)
    assert client.post("/runbooks/slow-api/do/publish/").status_code == 403


def test_services_and_the_search_lead_to_it(cast: Cast, owner: Client) -> None:
    published(cast)
    assert "/runbooks/slow-api/" in text_of(owner, "/services/payments-api/")
    assert "/runbooks/new/?service=ledger" in text_of(owner, "/services/ledger/")
    assert "/runbooks/slow-api/" in text_of(owner, "/search/?q=slow")
