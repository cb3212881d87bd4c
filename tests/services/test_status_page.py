"""The public status page: what it says, who may write it, and how it follows changes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from changes.services.closing import change_cancel
from changes.services.implementation import change_complete, change_start
from incidents.models import Incident, StatusComponent, StatusCopy, StatusMail, StatusNotice, StatusSubscriber
from incidents.selectors.statuspage import status_page
from incidents.services.response.merging import incident_merge
from incidents.services.response.moving import incident_reopen, incident_resolve
from incidents.services.response.working import incident_assign, incident_tell_public, incident_update
from incidents.services.statuspage import (
    component_create,
    component_move,
    component_update,
    notice_open,
    notice_update,
    status_copy_write,
    status_mails_prune,
    status_mails_send,
    subscriber_ask,
    subscriber_choose,
    subscriber_confirm,
    subscriber_leave,
)
from incidents.services.statuspage.links import CONFIRM, MANAGE, link_of, subscriber_in
from incidents.services.statuspage.subscribers import FORGET_AFTER, MOST_QUESTIONS
from opsportal.core.actor import Actor
from opsportal.core.errors import (
    Conflict,
    Forbidden,
    IllegalMove,
    InvalidInput,
    NotFound,
    Stale,
    Unavailable,
)
from opsportal.outbox.services import messages_handle
from tests.changing import HOUR, Cast, make_cast, scheduled
from tests.makers import NOW, ROOT
from tests.response import Crew, declared, make_crew, restricted
from tests.untouched import refused

pytestmark = pytest.mark.django_db
ANYBODY = Actor.anonymous()


def components(cast: Cast | None = None) -> tuple[StatusComponent, StatusComponent]:
    service = "payments-api" if cast else ""
    shop = component_create(actor=ROOT, now=NOW, slug="shop", name="Shop", service=service, group="Sales")
    return shop, component_create(actor=ROOT, now=NOW, slug="search", name="Search", position=1)


def opened(**more: Any) -> StatusNotice:
    given = {
        "kind": "incident",
        "title": "Payments fail",
        "text": "We look.",
        "impacts": {"shop": "major_outage"},
    }
    return notice_open(actor=ROOT, now=NOW, **(given | more))


def said(notice: StatusNotice) -> list[str]:
    return list(notice.updates.values_list("state", flat=True))


def subscriber(email: str = "ada@example.org", wanted: tuple[str, ...] = ()) -> StatusSubscriber:
    subscriber_ask(actor=ANYBODY, now=NOW, email=email, components=wanted)
    found = StatusSubscriber.objects.get(email=email)
    return subscriber_confirm(actor=ANYBODY, now=NOW, pk=found.pk)


def test_a_notice_says_how_its_components_stand_until_it_is_over() -> None:
    components()
    notice = opened()
    page = status_page(NOW)
    assert (page.overall, [group for group, _ in page.groups]) == ("major_outage", ["Sales", ""])
    notice_update(
        actor=ROOT,
        now=NOW + HOUR,
        pk=notice.pk,
        state="monitoring",
        text="Mended.",
        impacts={"search": "degraded"},
    )
    page = status_page(NOW + HOUR)
    assert {one.component.slug: one.impact for _, members in page.groups for one in members} == {
        "shop": "operational",
        "search": "degraded",
    }
    notice_update(actor=ROOT, now=NOW + 2 * HOUR, pk=notice.pk, state="resolved", text="Over.")
    page = status_page(NOW + 3 * HOUR)
    assert (page.overall, page.current, [one.pk for one in page.lately]) == ("operational", [], [notice.pk])
    (shop,) = page.groups[0][1]
    assert (shop.days[-1].worst, shop.days[-1].seconds) == ("major_outage", {"major_outage": 3600.0})
    assert said(notice) == ["investigating", "monitoring", "resolved"]


def test_the_page_takes_as_many_queries_with_many_notices(django_assert_num_queries: Any) -> None:
    components()
    for number in range(20):
        opened(title=f"Notice {number}")
    with django_assert_num_queries(4):
        status_page(NOW)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "party"}, "/kind"),
        ({"title": " "}, "/title"),
        ({"text": ""}, "/text"),
        ({"impacts": {}}, "/impacts"),
        ({"impacts": {"nowhere": "degraded"}}, "/impacts"),
        ({"impacts": {"shop": "on fire"}}, "/impacts"),
        ({"state": "scheduled"}, "/state"),
        ({"kind": "maintenance", "ends_at": None}, "/ends_at"),
        ({"kind": "maintenance", "ends_at": NOW - HOUR}, "/ends_at"),
    ],
)
def test_bad_input_is_told_by_its_field(change: dict[str, Any], pointer: str) -> None:
    components()
    with refused(InvalidInput) as caught:
        opened(**change)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_only_owners_and_administrators_write() -> None:
    cast = make_cast()
    components(cast)
    assert opened().state == "investigating"
    owner = cast.requester.actor
    notice = notice_open(
        actor=owner, now=NOW, kind="incident", title="Slow", text="So.", impacts={"shop": "degraded"}
    )
    with refused(Forbidden):
        notice_update(actor=cast.bystander.actor, now=NOW, pk=notice.pk, state="resolved", text="No.")
    with refused(Forbidden):
        notice_open(
            actor=owner, now=NOW, kind="incident", title="X", text="Y", impacts={"search": "degraded"}
        )
    # Of what is theirs and what is not they tell nothing, neither at first nor later.
    both = {"shop": "degraded", "search": "degraded"}
    with refused(Forbidden):
        notice_open(actor=owner, now=NOW, kind="incident", title="X", text="Y", impacts=both)
    with refused(Forbidden):
        notice_update(actor=owner, now=NOW, pk=notice.pk, state="identified", text="Z", impacts=both)
    with refused(Forbidden):
        component_create(actor=owner, now=NOW, slug="new", name="New")


def test_what_is_over_stays_so_and_an_old_reading_is_refused() -> None:
    components()
    notice = opened()
    notice_update(actor=ROOT, now=NOW, pk=notice.pk, state="resolved", text="Over.", version=1)
    with refused(Stale):
        notice_update(actor=ROOT, now=NOW, pk=notice.pk, state="investigating", text="Again.", version=1)
    with refused(IllegalMove):
        notice_update(actor=ROOT, now=NOW, pk=notice.pk, state="monitoring", text="Hm.")
    with refused(NotFound):
        notice_update(actor=ROOT, now=NOW, pk=0, state="resolved", text="Hm.")
    opened(source="INC-1")
    with refused(Conflict, "told_already"):
        opened(source="INC-1")


def test_a_component_is_changed_retired_and_shown_again() -> None:
    components()
    component_update(actor=ROOT, now=NOW, slug="shop", version=1, name="The shop")
    with refused(Stale):
        component_update(actor=ROOT, now=NOW, slug="shop", version=1, name="Shop")
    with refused(InvalidInput):
        component_update(actor=ROOT, now=NOW, slug="shop", colour="red")
    with refused(InvalidInput):
        component_create(actor=ROOT, now=NOW, slug="shop", name="Another")
    component_move(actor=ROOT, now=NOW, slug="shop", verb="retire")
    assert [one.component.slug for _, members in status_page(NOW).groups for one in members] == ["search"]
    with refused(IllegalMove):
        component_move(actor=ROOT, now=NOW, slug="shop", verb="retire")
    component_move(actor=ROOT, now=NOW, slug="shop", verb="show")


# --- announced work ------------------------------------------------------------------------------------


def follow() -> None:
    messages_handle(clock=lambda: NOW)


def test_maintenance_is_published_from_the_change_itself() -> None:
    cast = make_cast()
    components(cast)
    change = scheduled(cast, title="Secret name of the vault", environments=["production"])
    follow()
    (notice,) = StatusNotice.objects.all()
    assert (notice.source, notice.state, notice.title) == (change.key, "scheduled", "Maintenance: Shop")
    assert (notice.starts_at, notice.ends_at) == (change.window_start, change.window_end)
    assert status_page(NOW).overall == "operational"
    change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    follow()
    assert status_page(NOW).overall == "maintenance"
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    follow()
    follow()
    assert said(notice) == ["scheduled", "in_progress", "completed"]
    assert "vault" not in json.dumps([one.text for one in notice.updates.all()])


def test_work_that_is_called_off_is_told_and_what_touches_no_production_never_was() -> None:
    cast = make_cast()
    components(cast)
    scheduled(cast, environments=["staging"])
    scheduled(cast, services=["ledger"])
    change = scheduled(cast)
    follow()
    change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Not needed.")
    follow()
    (notice,) = StatusNotice.objects.all()
    assert said(notice) == ["scheduled", "cancelled"]


def test_a_component_may_announce_by_hand_only() -> None:
    cast = make_cast()
    components(cast)
    component_update(actor=ROOT, now=NOW, slug="shop", announces="by_hand")
    scheduled(cast)
    follow()
    assert not StatusNotice.objects.exists()


# --- incidents -----------------------------------------------------------------------------------------


def shop_of(crew: Crew) -> None:
    component_create(actor=ROOT, now=NOW, slug="shop", name="Shop", service=crew.payments.slug)


def tell(incident: Incident, crew: Crew, text: str = "We look.") -> None:
    incident_update(actor=crew.responder.actor, now=NOW, pk=incident.pk, kind="status_page", text=text)


def test_an_update_for_the_status_page_is_published_in_words_for_outsiders() -> None:
    crew = make_crew()
    shop_of(crew)
    incident = declared(
        crew, title="Shard 7 of pay-db is read-only", severity="sev2", services=["payments-api"]
    )
    tell(incident, crew)
    (notice,) = StatusNotice.objects.all()
    assert (notice.source, notice.title, notice.state) == (incident.key, "Trouble with Shop", "investigating")
    assert status_page(NOW).overall == "partial_outage"
    tell(incident, crew, "Still looking.")
    assert said(notice) == ["investigating", "investigating"]
    incident_resolve(actor=crew.responder.actor, now=NOW, pk=incident.pk, text="Failed over.")
    follow()
    assert said(notice)[2:] == ["resolved"]
    incident_reopen(actor=crew.responder.actor, now=NOW, pk=incident.pk, reason="Again.")
    follow()
    assert said(notice)[3:] == ["investigating"]


def test_nothing_of_a_restricted_incident_is_published() -> None:
    crew = make_crew()
    shop_of(crew)
    incident = restricted(crew, services=["payments-api"])
    with refused(Conflict, "restricted"):
        incident_update(actor=crew.admin.actor, now=NOW, pk=incident.pk, kind="status_page", text="Hm.")


def test_where_nothing_of_it_is_shown_the_update_stays_on_the_timeline() -> None:
    crew = make_crew()
    tell(declared(crew), crew)
    assert not StatusNotice.objects.exists()


def test_an_update_that_concerns_nothing_on_the_page_is_refused_and_meets_nothing() -> None:
    crew = make_crew()
    shop_of(crew)
    incident = declared(crew, services=["ledger"])
    with refused(Conflict, "no_component"):
        tell(incident, crew)


def test_nobody_else_tells_the_public_of_it() -> None:
    crew = make_crew()
    shop_of(crew)
    incident = declared(crew, services=["payments-api"])
    with refused(Forbidden):
        incident_update(
            actor=crew.outsider.actor, now=NOW, pk=incident.pk, kind="status_page", text="Otto was here."
        )
    incident_assign(actor=crew.admin.actor, now=NOW, pk=incident.pk, person=str(crew.outsider.pk))
    incident_update(actor=crew.outsider.actor, now=NOW, pk=incident.pk, kind="status_page", text="We look.")
    assert StatusNotice.objects.exists()


def test_whoever_works_on_it_may_choose_the_words_and_what_is_concerned() -> None:
    crew = make_crew()
    shop_of(crew)
    incident = declared(crew)
    given: dict[str, Any] = {"state": "identified", "title": "Slow checkout", "impacts": {"shop": "degraded"}}
    incident_tell_public(actor=crew.responder.actor, now=NOW, pk=incident.pk, text="A disk.", **given)
    assert [(one.title, one.state) for one in status_page(NOW).current] == [("Slow checkout", "identified")]
    with refused(InvalidInput):
        incident_tell_public(actor=crew.responder.actor, now=NOW, pk=incident.pk, text=" ", **given)


def test_of_a_merged_incident_the_public_is_told_where_it_goes_on() -> None:
    crew = make_crew()
    shop_of(crew)
    one, other = declared(crew), declared(crew, title="The shop is slow")
    incident_merge(actor=crew.responder.actor, now=NOW, pk=one.pk, into=other.pk)
    given: dict[str, Any] = {"state": "identified", "title": "Slow checkout", "impacts": {"shop": "degraded"}}
    with refused(IllegalMove):
        incident_tell_public(actor=crew.responder.actor, now=NOW, pk=one.pk, text="A disk.", **given)


# --- subscribers ---------------------------------------------------------------------------------------


def test_nobody_is_told_before_they_confirmed_and_each_hears_of_what_they_chose() -> None:
    components()
    subscriber("ada@example.org")
    subscriber("bob@example.org", ("search",))
    subscriber_ask(actor=ANYBODY, now=NOW, email="eve@example.org")
    status_mails_send(clock=lambda: NOW)
    questions = [sent.to[0] for sent in mail.outbox]
    assert questions == ["ada@example.org", "bob@example.org", "eve@example.org"]
    opened()
    status_mails_send(clock=lambda: NOW)
    (told,) = mail.outbox[3:]
    assert told.to == ["ada@example.org"]
    assert told.subject == "We are looking into it: Payments fail"
    assert "Shop: Down" in told.body
    assert told.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert status_mails_send(clock=lambda: NOW) == 0


def test_the_same_address_is_asked_once_in_a_while() -> None:
    components()
    for _ in range(3):
        subscriber_ask(actor=ANYBODY, now=NOW, email="Ada@Example.org")
    assert StatusMail.objects.count() == 1
    subscriber_ask(actor=ANYBODY, now=NOW + HOUR, email="ada@example.org", components=["shop"])
    assert StatusMail.objects.count() == 2
    assert StatusSubscriber.objects.get().components == ["shop"]


def test_a_flood_of_questions_ends() -> None:
    asked = StatusSubscriber.objects.create(email="a@example.org", asked_at=NOW)
    StatusMail.objects.bulk_create(
        [StatusMail(subscriber=asked, due_at=NOW, created_at=NOW) for _ in range(MOST_QUESTIONS)]
    )
    with refused(Unavailable):
        subscriber_ask(actor=ANYBODY, now=NOW, email="b@example.org")


@pytest.mark.parametrize(
    ("email", "wanted", "pointer"),
    [("", [], "/email"), ("no address", [], "/email"), ("a@example.org", ["nowhere"], "/components")],
)
def test_a_bad_subscription_is_refused(email: str, wanted: list[str], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        subscriber_ask(actor=ANYBODY, now=NOW, email=email, components=wanted)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_whoever_leaves_leaves_no_address_behind() -> None:
    components()
    ada = subscriber()
    subscriber_choose(actor=ANYBODY, now=NOW, pk=ada.pk, components=["shop"])
    opened()
    subscriber_leave(actor=ANYBODY, now=NOW, pk=ada.pk)
    subscriber_leave(actor=ANYBODY, now=NOW, pk=ada.pk)
    ada.refresh_from_db()
    assert (ada.state, ada.email, ada.mails.filter(state="waiting").count()) == ("left", "", 0)
    with refused(NotFound):
        subscriber_choose(actor=ANYBODY, now=NOW, pk=ada.pk, components=[])
    assert subscriber().pk != ada.pk


def test_what_nobody_confirmed_is_forgotten() -> None:
    subscriber_ask(actor=ANYBODY, now=NOW, email="ada@example.org")
    status_mails_prune(now=NOW + FORGET_AFTER)
    assert StatusSubscriber.objects.exists()
    status_mails_prune(now=NOW + FORGET_AFTER + timedelta(seconds=1))
    assert not StatusSubscriber.objects.exists()


def test_a_link_is_good_for_its_purpose_only() -> None:
    signed = link_of(MANAGE, 7).rstrip("/").rpartition("/")[2]
    assert subscriber_in(MANAGE, signed) == 7
    with pytest.raises(NotFound):
        subscriber_in(CONFIRM, signed)
    with pytest.raises(NotFound):
        subscriber_in(MANAGE, signed[:-1] + ("a" if signed[-1] != "a" else "b"))


# --- the copy ------------------------------------------------------------------------------------------


def test_every_word_renews_the_copy(tmp_path: Path, settings: Any) -> None:
    settings.STATUS_FOLDER = str(tmp_path / "copy")
    components()
    notice = opened(title="<b>Payments</b> fail")
    assert status_copy_write(clock=lambda: NOW)
    front = (tmp_path / "copy" / "index.html").read_text()
    assert "&lt;b&gt;Payments&lt;/b&gt; fail" in front
    assert 'href="status.css"' in front
    assert "subscribe" not in front
    assert (tmp_path / "copy" / "notices" / str(notice.pk) / "index.html").exists()
    assert json.loads((tmp_path / "copy" / "status.json").read_text())["status"] == "major_outage"
    assert not status_copy_write(clock=lambda: NOW)
    notice_update(actor=ROOT, now=NOW, pk=notice.pk, state="resolved", text="Over.")
    assert status_copy_write(clock=lambda: NOW)
    assert "There is an outage" not in (tmp_path / "copy" / "index.html").read_text()
    assert status_copy_write(clock=lambda: NOW + HOUR)
    assert not list((tmp_path / "copy").glob(".*"))


def test_a_folder_that_cannot_be_written_is_told_by_the_tick(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "copy").write_text("in the way")
    settings.STATUS_FOLDER = str(tmp_path / "copy")
    components()
    with pytest.raises(OSError):
        status_copy_write(clock=lambda: NOW)
    assert StatusCopy.objects.get().written == 0
