"""Every list of the back office: narrowed and searched, and as cheap with many rows as with one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin, site
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from changes.services.comments import change_comment
from incidents.services.alerts.heartbeats import check_create
from incidents.services.alerts.routes import route_create
from incidents.services.learning.actions import action_open
from incidents.services.learning.postmortems import postmortem_start
from incidents.services.oncall.schedules import schedule_create
from incidents.services.response.declaring import incident_declare
from incidents.services.response.moving import incident_acknowledge, incident_resolve
from incidents.services.runbooks.running import run_start
from incidents.services.runbooks.writing import runbook_create, runbook_publish
from incidents.services.statuspage import component_create, notice_open, subscriber_ask
from opsportal.accounts.models import User
from opsportal.catalog.services import dependency_add, provider_create
from opsportal.core.actor import Actor
from opsportal.notify.models import ChannelHealth, ChannelTarget, ContactMethod, Delivery, ReachPlan
from opsportal.notify.services import deliveries_send, digests_close, notifications_choose, notify, page
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.outbox.services import messages_handle
from opsportal.web.admin import BackOffice
from opsportal.web.admin_lists import CappedPaginator
from tests import auditing, changing, deploying
from tests.alerting import arrival, ingest, make_integration
from tests.complying import controls_of
from tests.governing import governance_of
from tests.makers import (
    NOW,
    ROOT,
    away,
    grant,
    join,
    make_role,
    make_service,
    make_team,
    make_token,
    make_user,
)
from tests.oncalling import layer_of
from tests.recovering import recovery_of
from tests.services.test_notify_digest import CHOICE

ADMINS: list[ModelAdmin[Any]] = [
    found for model, found in site._registry.items() if not model.__module__.startswith("django")
]
SMALL = {"heartbeat", "channelhealth"}
MANY = 8


@pytest.mark.parametrize("admin", ADMINS, ids=lambda admin: admin.opts.label)
def test_a_list_can_be_narrowed_and_searched_without_reading_the_whole_table(admin: ModelAdmin[Any]) -> None:
    assert isinstance(admin, BackOffice)
    assert admin.paginator is CappedPaginator
    assert admin.show_full_result_count is False
    assert admin.search_fields
    assert admin.list_filter or admin.opts.model_name in SMALL
    for name in admin.list_filter:
        if isinstance(name, str):
            assert is_known_without_reading(admin.model, name), f"{name}: use word_filter"


def is_known_without_reading(model: type[models.Model], name: str) -> bool:
    """Tell whether the words of a filter are known: Django reads all values of a plain column."""
    field: Any = None
    for part in name.split("__"):
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            return False
        model = field.related_model or model
    dated = models.BooleanField | models.DateField | models.ForeignKey
    return bool(field.flatchoices) or isinstance(field, dated)


@pytest.fixture
def world(db: None) -> None:
    """A few rows, each with others of its own, of what every app keeps."""
    cast = deploying.make_stage()
    machine = deploying.pipeline()
    for number in range(3):
        team, person = make_team(f"team-of-{number}"), make_user()
        join(team, person)
        grant(make_role(f"role-{number}"), person)
        make_token(["gate:read"], account=f"ci-{number}")
        make_service(f"service-of-{number}", team=team)
        runbook = {
            "title": "Slow",
            "team": team.slug,
            "text": "1. Look at https://board.example",
            "services": [f"service-of-{number}"],
        }
        runbook_create(actor=person.actor, now=NOW, slug=f"runbook-{number}", fields=runbook)
        runbook_publish(actor=person.actor, now=NOW, slug=f"runbook-{number}")
        run_start(actor=person.actor, now=NOW, slug=f"runbook-{number}")
        provider_create(
            actor=ROOT,
            now=NOW,
            slug=f"provider-{number}",
            name="Provider",
            owner_team=team.slug,
            used_by=[f"service-of-{number}"],
        )
        away(person)
        notifications_choose(actor=person.actor, now=NOW, **CHOICE)
        for urgency in ("low", "high"):
            notify(
                now=NOW,
                message_key=urgency,
                recipients=[person.pk],
                subject="x",
                body="x",
                urgency=urgency,
            )
        page(now=NOW, page_key="x", recipients=[person.pk], subject="x", body="x")
        ContactMethod.objects.create(user=person, kind="sms", address="+4915112345678", created_at=NOW)
        ReachPlan.objects.create(user=person)
        ChannelTarget.objects.create(slug=f"ops-{number}", kind="webhook", sealed="x", created_at=NOW)
        changing.make_template(cast, slug=f"restart-{number}", title=f"Restart {number}")
        deployed = deploying.register(machine, version=f"2.14.{number}")
        deploying.report(machine, deployed, "started", id=f"e{number}")
        change = changing.ready_to_close(cast)
        change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="Fine")
        Heartbeat.objects.create(name=f"tick-{number}", finished_at=NOW)
        incidents_of(person, number)
        controls_of(person, number)
        recovery_of(person, number, team=team.slug, service=f"service-of-{number}")
        governance_of(person, number, service=f"service-of-{number}")
        ChannelHealth.objects.create(name=f"channel-{number}")
    for number in range(2):
        dependency_add(
            actor=ROOT, now=NOW, service=f"service-of-{number}", depends_on=f"service-of-{number + 1}"
        )
    audits_of_the_house()
    messages_handle(clock=lambda: NOW)
    digests_close(clock=lambda: NOW + timedelta(days=2))
    deliveries_send(clock=lambda: NOW + timedelta(days=2))


def audits_of_the_house() -> None:
    """Make what audits keep, twice of each."""
    crew = auditing.make_crew()
    for number in range(2):
        auditing.action_of(crew, auditing.accepted(crew, title=f"Finding {number}"))
        auditing.everything_else(crew, number)


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def incidents_of(person: User, number: int) -> None:
    """Make what incidents keep: a rota, an incident that pages by it, and a word to the public."""
    part = f"part-{number}"
    component_create(actor=ROOT, now=NOW, slug=part, name="Part")
    notice_open(
        actor=ROOT, now=NOW, kind="incident", title="Slow", text="We look.", impacts={part: "degraded"}
    )
    subscriber_ask(actor=Actor.anonymous(), now=NOW, email=f"s{number}@example.org")
    settings = {"time_zone": "UTC", "layers": [layer_of(person.email)]}
    schedule_create(actor=ROOT, now=NOW, slug=f"rota-{number}", name="Rota", settings=settings)
    incident = incident_declare(actor=person.actor, now=NOW, title="Down", severity="sev1")
    incident_acknowledge(actor=person.actor, now=NOW, pk=incident.pk)
    incident_resolve(actor=person.actor, now=NOW, pk=incident.pk)
    written = postmortem_start(actor=person.actor, now=NOW, incident=incident.key)
    source, _ = make_integration(f"source-{number}", service=f"service-of-{number}")
    ingest(source, arrival(number))
    route_create(actor=ROOT, now=NOW, slug=f"route-{number}", fields={"name": "Route"})
    check = {"name": "Backup", "every": 60}
    check_create(actor=ROOT, now=NOW, slug=f"check-{number}", fields=check)
    item = {"title": "Mend it", "owner": str(person.pk)}
    action_open(actor=person.actor, now=NOW, postmortem=f"PM-{written.pk}", fields=item)


def dearer_lists(client: Client, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, list[int]], list[str]]:
    """Return the lists that cost more queries with many rows than with one, and those of fewer than two."""
    dearer, unseen = dict[str, list[int]](), list[str]()
    # The menu is the same whatever the rows are, and takes most of a page's time.
    monkeypatch.setattr(site, "get_app_list", lambda *_arguments, **_more: [])
    for admin in ADMINS:
        path = f"/admin/{admin.opts.app_label}/{admin.opts.model_name}/"
        if admin.model._default_manager.count() < 2:
            unseen.append(admin.opts.label)  # its columns are joined all the same: the test below
        # Names of people and of machines: a query each, where there are any in the rows.
        names = 2 if hasattr(admin, "actors_of") else 0

        def counted(rows: int, admin: ModelAdmin[Any] = admin, path: str = path) -> int:
            monkeypatch.setattr(admin, "list_per_page", rows)
            return queries(client, path)

        many, one = counted(MANY), counted(1)
        if many > one + names:  # the first time caches fill, too
            many = counted(MANY)
        if many > one + names:
            dearer[admin.opts.label] = [one, many]
    return dearer, unseen


def test_a_list_costs_as_many_queries_with_many_rows_as_with_one(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of most lists there are rows here; `test_demo` looks at them again with those of the demo."""
    client = Client()
    client.force_login(make_user(staff=True))
    dearer, unseen = dearer_lists(client, monkeypatch)
    assert dearer == {}
    assert len(unseen) < len(ADMINS) / 3, " ".join(unseen)
    assert Delivery.objects.exists()
    assert OutboxMessage.objects.exists()


@pytest.mark.parametrize("admin", ADMINS, ids=lambda admin: admin.opts.label)
def test_what_a_list_shows_of_other_tables_is_joined(admin: ModelAdmin[Any], rf: RequestFactory) -> None:
    others = {field.name for field in admin.opts.concrete_fields if isinstance(field, models.ForeignKey)}
    joined: Any = admin.get_list_select_related(rf.get("/"))
    assert others & {name for name in admin.list_display if isinstance(name, str)} <= set(joined)
