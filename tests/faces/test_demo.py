"""The demo organisation: whole, believable, and only into an empty database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from changes.models import BreakGlass, Change, Deployment
from changes.states import CHANGE
from compliance.evaluators import judgements
from compliance.selectors.recovery import assets_loaded
from compliance.services.recovery.standing import WINDOW, stands
from incidents.models import Handover, ServicePolicy, ShiftSwap
from incidents.selectors.figures import incident_report
from opsportal.accounts.models import Role, Team, User
from opsportal.approvals.models import Condition
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.clock import database_now
from opsportal.files.models import Attachment
from opsportal.files.store import path_of
from opsportal.notify.models import ChannelTarget, ContactMethod, Page
from opsportal.obligations.models import Obligation
from opsportal.outbox.models import OutboxMessage
from opsportal.portal.demo import load
from opsportal.portal.demo.duty import REACHED
from opsportal.portal.demo.past import past_stories
from opsportal.portal.demo.people import PASSWORD, PEOPLE
from opsportal.standards.models import Activation
from opsportal.standards.selectors import active_standard
from tests.faces.test_admin_lists import ADMINS, dearer_lists
from tests.makers import make_user


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture(scope="class")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo, loaded once for the tests that read it; each of them rolls back what it does itself."""
    with django_db_blocker.unblock(), transaction.atomic():
        run("load", "--if-empty")
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("loaded")
@pytest.mark.django_db
class TestLoaded:
    def test_a_monitor_takes_a_while_to_notice_and_what_is_known_is_judged(self) -> None:
        now = database_now()
        detect = incident_report(Actor.system("test"), now, now - timedelta(days=90), now).overall["detect"]
        assert detect.mean is not None
        assert timedelta(seconds=30) < detect.mean < timedelta(minutes=5)
        (actions,) = judgements(active_standard(), now)["figure-action-completion"]
        assert actions.status in ("met", "breached")

    def test_it_has_people_six_boards_services_and_changes_in_every_state(self) -> None:
        assert (User.objects.count(), Service.objects.count()) == (21, 16)
        boards = Role.objects.filter(kind="board", holdings__isnull=False).distinct()
        assert {board.slug for board in boards} == {
            "change-advisory-board",
            "data-protection-board",
            "executive-team",
            "operations-team",
            "security-board",
            "technical-council",
        }
        changes = Change.objects.all()
        assert {one.state for one in changes} == set(CHANGE.states)
        assert {one.type for one in changes} == {"standard", "normal", "emergency"}
        assert {one.outcome for one in changes} == {"", "implemented", "failed", "rolled_back"}
        assert {service.tier for service in Service.objects.all()} == {"critical", "core", "supporting"}

    def test_its_past_fills_ninety_days_with_deployments_of_every_outcome(self) -> None:
        now = database_now()
        assert Change.objects.filter(created_at__lt=now - timedelta(days=80)).count() >= 3
        assert Change.objects.filter(created_at__gt=now - timedelta(days=7)).count() >= 10
        deployments = Deployment.objects.all()
        assert len(deployments) >= 90
        assert {"succeeded", "rolled_back", "deploying", "registered"} <= {one.state for one in deployments}
        assert {"allowed", "blocked", "pending"} <= {one.decision for one in deployments}
        assert Obligation.objects.filter(state="breached", met_at__isnull=False).exists()

    def test_who_is_on_call_is_reached_by_two_ways_and_has_handed_over_and_offered(self) -> None:
        assert ContactMethod.objects.filter(state="verified").count() == len(REACHED)
        assert not Page.objects.filter(purpose="code", state="paging").exists()
        assert (ChannelTarget.objects.get().slug, ShiftSwap.objects.get().state) == (
            "operations-room",
            "open",
        )
        assert Handover.objects.get().state == "complete"
        assert ServicePolicy.objects.get().policy.slug == "payments"
        client = Client()
        client.force_login(User.objects.get(email="lucia@demo.example"))
        for path in ("/handovers/", "/oncall/operations/swaps/", "/escalation-policies/payments/"):
            assert client.get(path).status_code == 200

    def test_most_of_its_assets_keep_their_targets_and_two_do_not(self) -> None:
        now = database_now()
        found = {
            one.asset.slug: one.status for one in stands(list(assets_loaded()), begins=now - WINDOW, ends=now)
        }
        late = [slug for slug, status in found.items() if status == "late"]
        assert sorted(late) == ["identity-db", "warehouse"]
        assert sum(status == "fine" for status in found.values()) >= 8

    def test_the_glass_was_broken_once_and_reviewed_and_somebody_asks_for_it_now(self) -> None:
        over, asked = BreakGlass.objects.order_by("id")
        assert (over.state, asked.state, asked.change) == ("ended", "asked", None)
        assert over.change is not None
        assert (over.change.state, over.change.retrospective_state) == ("closed", "approved")
        passed = Deployment.objects.get(break_glass=over)
        assert (passed.decision, passed.state) == ("allowed", "succeeded")

    def test_a_yes_was_tied_to_conditions_and_a_file_is_attached(self) -> None:
        conditions = Condition.objects.order_by("id")
        assert [condition.state for condition in conditions] == ["confirmed", "open"]
        attached = Attachment.objects.get(subject_kind="change")
        assert {attached.subject_key} == {condition.request.subject_key for condition in conditions}
        assert path_of(attached.file.sha256).read_bytes().startswith(b"Identity on the new runtime")

    def test_lists_of_the_back_office_cost_as_many_queries_with_many_rows_as_with_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = Client()
        client.force_login(User.objects.filter(is_staff=True, is_active=True).order_by("pk")[0])
        dearer, unseen = dearer_lists(client, monkeypatch)
        assert dearer == {}
        assert len(unseen) < len(ADMINS) / 3, " ".join(unseen)

    def test_only_what_happened_lately_is_still_told(self) -> None:
        an_hour_ago = database_now() - timedelta(hours=1, minutes=2)
        assert OutboxMessage.objects.filter(state="done", created_at__lt=an_hour_ago).exists()
        assert not OutboxMessage.objects.filter(state="waiting", created_at__lt=an_hour_ago).exists()

    def test_loaded_again_it_stays_as_it_is(self) -> None:
        before = Change.objects.count()
        run("load", "--if-empty")
        assert Change.objects.count() == before
        with pytest.raises(CommandError, match="not empty"):
            run("load")

    def test_the_sign_in_page_lists_who_is_who_only_in_the_demo(
        self, client: Client, settings: object
    ) -> None:
        page = client.get("/accounts/login/").content.decode()
        assert "Sign in as Elena Rossi" not in page
        settings.OPSPORTAL_DEMO_LOGINS = True  # type: ignore[attr-defined]
        page = client.get("/accounts/login/").content.decode()
        assert all(f"Sign in as {person.name}" in page for person in PEOPLE)

    def test_the_logins_are_listed_for_people_and_for_programs(self) -> None:
        lines = run("logins").splitlines()
        assert len(lines) == len(PEOPLE) + 1
        assert PASSWORD in lines[-1]
        listed = json.loads(run("logins", "--json"))
        assert [person["email"] for person in listed["people"]] == [person.email for person in PEOPLE]

    def test_everybody_can_sign_in(self, client: Client) -> None:
        for person in (PEOPLE[0], PEOPLE[-1]):
            answer = client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
            assert (answer.status_code, answer["Location"]) == (302, "/")
            client.logout()


def test_the_past_is_the_same_each_time_and_nobody_raises_changes_at_the_weekend() -> None:
    now = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    stories = list(past_stories(now))
    assert stories == list(past_stories(now))
    assert all((now - timedelta(hours=story.ago)).weekday() < 5 for story in stories)
    assert len({story.title for story in stories}) == len(stories) >= 40


@pytest.mark.django_db
def test_it_is_refused_where_somebody_is_there_already() -> None:
    make_user()
    with pytest.raises(CommandError, match="not empty"):
        run("load")
    run("load", "--if-empty")
    assert (User.objects.count(), Change.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_it_is_loaded_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(load, "approve_templates", fail)
    with pytest.raises(RuntimeError, match="the power went"):
        load.demo_load(now=database_now())
    assert not User.objects.exists()
    assert not Team.objects.exists()
    assert not Change.objects.exists()
    assert not Activation.objects.exists()


@pytest.mark.django_db
def test_nobody_of_it_is_named_where_it_is_not_loaded() -> None:
    assert PASSWORD not in run("logins")
    assert json.loads(run("logins", "--json"))["people"] == []
