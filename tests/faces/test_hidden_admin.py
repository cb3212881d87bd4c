"""What is hidden from an auditor is nowhere in the back office: in no list, search, form or history."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import site
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from incidents.models import Escalation, EscalationMove
from opsportal.audit.models import AuditEntry
from opsportal.audit.services import refusal_record
from opsportal.core.errors import Forbidden
from opsportal.notify.models import Delivery, Notification, Page
from opsportal.notify.services import notify, page
from opsportal.obligations.models import Excuse, Obligation
from opsportal.obligations.services import obligation_excuse
from opsportal.obligations.terms import Owner, Subject
from tests.escalating import tick
from tests.makers import NOW, make_user
from tests.owing import PORTAL, owe
from tests.response import declared, make_crew, restricted

pytestmark = pytest.mark.django_db
MODELS: tuple[type[Model], ...] = (
    Escalation,
    EscalationMove,
    Page,
    Notification,
    Delivery,
    AuditEntry,
    Obligation,
    Excuse,
)


def test_an_auditor_finds_no_trace_of_a_restricted_incident_but_of_open_ones() -> None:
    crew = make_crew()
    told: list[str] = []
    for incident in (restricted(crew, title="Stolen laptop"), declared(crew, title="Slow laptop")):
        told.append(incident.key)
        about: dict[str, Any] = {"now": NOW, "recipients": [crew.admin.pk], "url": "/", "about": incident.key}
        page(page_key=incident.key, subject=incident.title, body="Look.", urgency="high", **about)
        notify(message_key=incident.key, subject=incident.title, body="Look.", urgency="high", **about)
        owe(Owner.role("board"), subject=Subject("incident", incident.key, incident.title))
        obligation_excuse(
            actor=PORTAL, now=NOW, subject_kind="incident", subject_key=incident.key, person=crew.admin.pk
        )
        path = f"/api/v1/incidents/{incident.key}/resolve"
        refusal_record(crew.second.actor, NOW, "POST", path, Forbidden("No."))
    tick(NOW)
    auditor, staff = Client(), Client()
    auditor.force_login(make_user("auditor@example.org", is_auditor=True))
    staff.force_login(crew.admin)
    hidden, shown = told
    for model in MODELS:
        for query in ({}, {"q": "laptop"}, {"q": hidden}):
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            read = auditor.get(address, query).content.decode()
            assert "Stolen laptop" not in read, address
            assert hidden not in read.replace(f'value="{hidden}"', "").replace(f"q={hidden}", ""), address
        seen = set(_rows(auditor, model))
        of_all = set(_rows(staff, model))
        assert seen, model
        assert seen < of_all, model
        for pk in of_all - seen:
            form = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
            answer = auditor.get(form)
            assert answer.status_code == 404
            assert "There is no such row." in answer.content.decode()
    paths = AuditEntry.objects.filter(pk__in=_rows(auditor, AuditEntry), object_kind="request")
    assert [entry.object_key for entry in paths] == [f"/api/v1/incidents/{shown}/resolve"]


def _rows(client: Client, model: type[Model]) -> list[Any]:
    request = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    return [row.pk for row in site._registry[model].get_queryset(request.wsgi_request)]


def test_a_row_that_is_hidden_answers_like_one_that_there_is_not_and_leaves_no_trace() -> None:
    crew = make_crew()
    incident, shown = restricted(crew, title="Stolen laptop"), declared(crew, title="Slow laptop")
    auditor, staff = Client(), Client()
    auditor.force_login(make_user("auditor@example.org", is_auditor=True))
    staff.force_login(crew.admin)

    def answers(pk: int, more: str) -> tuple[int, str]:
        path = f"/admin/incidents/incident/{pk}/{more}"
        answer = auditor.get(path)
        return answer.status_code, answer.content.decode().replace(path, "")

    for more in ("change/", "history/"):
        status, text = answers(incident.pk, more)
        assert (status, incident.key in text, "laptop" in text) == (404, False, False)
    hidden, missing = answers(incident.pk, "change/"), answers(incident.pk + 999, "change/")
    assert hidden[0] == missing[0] == 404
    assert "There is no such row." in hidden[1]
    assert "There is no such row." in missing[1]
    for row in (incident, shown):
        path = f"/admin/incidents/incident/{row.pk}/change/"
        refusal_record(crew.second.actor, NOW, "POST", path, Forbidden("No."))
    seen = AuditEntry.objects.filter(pk__in=_rows(auditor, AuditEntry), object_kind="request")
    assert [entry.object_key for entry in seen] == [f"/admin/incidents/incident/{shown.pk}/change/"]
    assert AuditEntry.objects.filter(pk__in=_rows(staff, AuditEntry), object_kind="request").count() == 2
