"""Writing a change on a page: what is asked, what is kept, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.models import Change, ChangeTarget
from changes.services.drafts import change_create, change_revise
from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from tests import changing
from tests.changing import Cast, activate, draft, fresh, in_state, make_cast, rule, submitted, vote
from tests.makers import NOW, make_service, make_user
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

TYPED = {
    "type": "normal",
    "title": "Upgrade the database",
    "description": "From 15 to 16.",
    "rollback_plan": "Restore the snapshot.",
    "risk": "medium",
    "services": ["payments-api"],
    "environments": ["production"],
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def rita(cast: Cast) -> Client:
    return as_(cast.requester)


def sent(client: Client, path: str, status: int, **more: Any) -> str:
    response = client.post(path, {**TYPED, **more})
    assert response.status_code == status, response.content.decode()
    return str(response.content.decode())


def stored(change: Change, client: Client) -> dict[str, Any]:
    """Return the form of a stored change as a browser would send it back."""
    form = client.get(f"/changes/{change.key}/edit/").context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_each_kind_of_change_is_explained_by_the_standard(rita: Client) -> None:
    text = rita.get("/changes/new/").content.decode()
    assert "A standard for tests of changes" in text
    assert "Lead: any one of Team Lead" in text
    assert "Board: the majority of Board" in text
    assert "Security: any one of Security, in some cases" in text
    assert "May start ahead of its approval" in text
    assert "There is no approved template yet" in text


def test_the_form_asks_only_what_the_standard_demands_and_names_the_rule(rita: Client) -> None:
    text = rita.get("/changes/new/?type=normal").content.decode()
    asked, _, more = text.partition("More to say")
    for field in ("description", "rollback_plan"):
        assert f'name="{field}"' in asked
    for field in ("justification", "impact", "test_evidence"):
        assert f'name="{field}"' not in asked
        assert f'name="{field}"' in more
    assert 'href="/standards/active/#rule-way-back"' in asked


def test_another_standard_asks_for_something_else_without_a_line_of_code(rita: Client) -> None:
    activate(
        rule(
            "impact-known", "change.submit", '{ field = "impact" }', when='change.services contains "ledger"'
        ),
        version="2",
    )
    before = rita.post("/changes/new/shape/", TYPED).content.decode()
    after = rita.post(
        "/changes/new/shape/", {**TYPED, "services": ["payments-api", "ledger"]}
    ).content.decode()
    assert 'name="impact"' not in before.partition("More to say")[0]
    assert 'name="impact"' in after.partition("More to say")[0]
    assert "#rule-impact-known" in after


def test_an_exchange_of_the_form_keeps_what_was_typed_and_writes_nothing(rita: Client) -> None:
    typed = {
        **TYPED,
        "risk": "high",
        "impact": "Half\nof <b>it</b>",
        "window_start": "2026-03-0",
        "tags": "a, b",
    }
    with nothing_written():
        text = rita.post("/changes/new/shape/", typed, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text
    for words in (
        "Upgrade the database",
        "Half\nof &lt;b&gt;it&lt;/b&gt;",
        'value="a, b"',
        "Security: any one",
    ):
        assert words in text
    assert 'value="payments-api" id="id_services_1" checked' in text
    assert "op-error" not in text


def test_a_draft_is_saved(rita: Client, cast: Cast) -> None:
    sent(rita, "/changes/new/", 302, action="draft", implementer=str(cast.lead.pk), tags="db, night")
    change = Change.objects.get()
    assert (change.state, change.title, change.tags) == ("draft", "Upgrade the database", ["db", "night"])
    assert (change.requester_id, change.implementer_id) == (cast.requester.pk, cast.lead.pk)
    assert [(t.service.slug, t.environment.slug) for t in change.targets.all()] == [
        ("payments-api", "production")
    ]


def test_a_change_is_saved_and_submitted(rita: Client) -> None:
    sent(rita, "/changes/new/", 302, action="submit")
    assert Change.objects.get().state == "in_review"


def test_what_the_standard_misses_is_said_at_the_field_and_nothing_is_written(rita: Client) -> None:
    with nothing_written():
        text = sent(rita, "/changes/new/", 400, action="submit", rollback_plan="", description="Kept words")
    assert 'href="#id_rollback_plan"' in text
    assert 'id="id_rollback_plan_errors"' in text
    assert "Kept words" in text


def test_a_rule_that_refuses_is_named_on_the_form(rita: Client) -> None:
    text = sent(rita, "/changes/new/", 409, action="submit", risk="high")
    assert "Give a change of high risk a window." in text
    assert 'href="/standards/active/#rule-risky"' in text
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"title": ""}, "This is needed."),
        ({"title": "x" * 201}, "At most 200 characters"),
        ({"title": "two\nlines"}, "cannot be stored"),
        ({"title": "nul\x00byte"}, "Null characters"),
        ({"description": "bell\x07"}, "cannot be stored"),
        ({"description": "y" * 20_001}, "At most 20000 characters"),
        ({"risk": "total"}, "Select a valid choice"),
        ({"services": ["no-such"]}, "Select a valid choice"),
        ({"environments": ["'; --"]}, "Select a valid choice"),
        ({"implementer": "nobody"}, "Select a valid choice"),
        ({"window_start": "soon"}, "Give a date and a time"),
        ({"window_start": "2026-03-02T12:00"}, "A window needs its start and its end."),
        (
            {"window_start": "2026-03-02T12:00", "window_end": "2026-03-02T11:00"},
            "The window must end after it starts.",
        ),
        ({"tags": ",".join(f"t{n}" for n in range(21))}, "at most 20"),
        ({"template": "no-such"}, "There is nothing here"),
        ({"type": "urgent"}, "type must be one of"),
    ],
)
def test_wrong_input_is_refused_with_its_reason_keeps_the_rest_and_writes_nothing(
    rita: Client, typed: dict[str, Any], words: str
) -> None:
    status = 404 if "template" in typed else 400
    with nothing_written(at_an_edge=True):
        text = sent(rita, "/changes/new/", status, action="submit", **{"impact": "نص 🚒 kept", **typed})
    assert words in text
    assert "نص 🚒 kept" in text or not {"template", "type"}.isdisjoint(typed)


def test_what_is_ticked_stands_first_in_its_box(rita: Client) -> None:
    make_service("aaa-first-by-name")
    text = sent(rita, "/changes/new/", 400, title="", action="save")
    assert text.index('value="payments-api"') < text.index('value="aaa-first-by-name"')


def test_a_window_is_typed_in_the_readers_zone(cast: Cast) -> None:
    User.objects.filter(pk=cast.requester.pk).update(time_zone="America/New_York")
    window = {"window_start": "2026-07-01T22:00", "window_end": "2026-07-01T23:00"}
    sent(as_(cast.requester), "/changes/new/", 302, action="draft", **window)
    change = Change.objects.get()
    assert change.window_start is not None
    assert change.window_start.isoformat() == "2026-07-02T02:00:00+00:00"
    text = as_(cast.requester).get(f"/changes/{change.key}/").content.decode()
    assert 'datetime="2026-07-02T02:00:00Z" title="Wednesday, 1 July 2026">1 Jul, 22:00' in text
    assert "2 Jul, 02:00 UTC" in text


def test_a_wall_clock_time_that_does_not_exist_is_refused_not_guessed(cast: Cast) -> None:
    User.objects.filter(pk=cast.requester.pk).update(time_zone="Europe/Berlin")
    window = {"window_start": "2026-03-29T02:30", "window_end": "2026-03-29T05:00"}
    text = sent(as_(cast.requester), "/changes/new/", 400, action="draft", **window)
    assert "Europe/Berlin" in text
    assert not Change.objects.exists()


def test_a_standard_change_is_opened_from_its_template(cast: Cast, rita: Client) -> None:
    template = changing.make_template(cast)
    assert "Restart the service" in rita.get("/changes/new/").content.decode()
    text = rita.get(f"/changes/new/?template={template.slug}").content.decode()
    assert "Fixed by the template" in text
    assert 'name="plan"' not in text
    assert "ledger" not in text
    typed = {**TYPED, "type": "standard", "template": template.slug, "action": "submit"}
    del typed["risk"]
    response = rita.post("/changes/new/", typed)
    assert response.status_code == 302
    change = Change.objects.get()
    assert (change.type, change.state, change.template_id) == ("standard", "approved", template.pk)


def test_editing_shows_what_is_stored_and_saves_only_what_differs(cast: Cast, rita: Client) -> None:
    fields = {**changing.fields(), "targets": [("payments-api", "production"), ("ledger", "staging")]}
    del fields["services"], fields["environments"]
    change = change_create(actor=cast.requester.actor, now=NOW, fields=fields)
    typed = stored(change, rita)
    typed["description"] = "From 15 to 17."
    assert rita.post(f"/changes/{change.key}/edit/", typed).status_code == 302
    change = fresh(change)
    assert change.description == "From 15 to 17."
    pairs = {(t.service.slug, t.environment.slug) for t in ChangeTarget.objects.filter(change=change)}
    assert pairs == {("payments-api", "production"), ("ledger", "staging")}


def test_saving_without_a_difference_changes_nothing(cast: Cast, rita: Client) -> None:
    change = submitted(cast)
    with nothing_written():
        assert rita.post(f"/changes/{change.key}/edit/", stored(change, rita)).status_code == 302


def test_editing_what_is_in_review_makes_it_a_draft_and_says_so_before(cast: Cast, rita: Client) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    page = rita.get(f"/changes/{change.key}/edit/").content.decode()
    assert "Saving makes it a draft again" in page
    rita.post(f"/changes/{change.key}/edit/", {**stored(change, rita), "title": "Another title"})
    assert (fresh(change).state, fresh(change).revision) == ("draft", 2)


def test_two_who_edit_at_once_lose_nothing(cast: Cast, rita: Client) -> None:
    change = draft(cast)
    mine = stored(change, rita)
    change_revise(
        actor=cast.requester.actor,
        now=NOW + timedelta(minutes=1),
        pk=change.pk,
        fields={"impact": "Theirs", "services": ["ledger"]},
    )
    mine["justification"] = "Mine, long thought about"
    with nothing_written(at_an_edge=True):
        response = rita.post(f"/changes/{change.key}/edit/", mine)
    text = response.content.decode()
    assert response.status_code == 409
    assert "Mine, long thought about" in text
    assert "<ins>Theirs</ins>" in text
    assert "Ledger in Production" in text
    assert f'name="version" value="{fresh(change).version}"' in text
    assert AuditEntry.objects.latest("id").outcome == "refused"


def test_a_stranger_may_not_edit(cast: Cast) -> None:
    change = draft(cast)
    client = as_(cast.bystander)
    assert client.get(f"/changes/{change.key}/edit/").status_code == 403
    with nothing_written(at_an_edge=True):
        response = client.post(f"/changes/{change.key}/edit/", {**TYPED, "title": "Mine now"})
    assert response.status_code == 403
    assert "Only the requester" in response.content.decode()


def test_what_is_under_way_cannot_be_edited(cast: Cast, rita: Client) -> None:
    change = in_state(cast, "implementing")
    with nothing_written(at_an_edge=True):
        response = rita.post(f"/changes/{change.key}/edit/", {**TYPED, "title": "Later"})
    assert response.status_code == 409


def test_a_standard_that_is_missing_is_said_on_the_page() -> None:
    response = as_(make_user()).get("/changes/new/")
    assert response.status_code == 503
    assert "standard activate" in response.content.decode()
