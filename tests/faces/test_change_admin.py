"""The back office of changes and approvals: all is seen, nothing is written past the services."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from changes.models import Attestation, BreakGlass, BreakGlassService, Change, ChangeComment, ChangeTarget
from changes.services.break_glass import break_glass_ask
from changes.services.comments import change_comment
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from tests.changing import Cast, approved, fresh, make_cast, ready_to_close
from tests.makers import NOW, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
MODELS = [
    BreakGlass,
    BreakGlassService,
    Change,
    ChangeTarget,
    ChangeComment,
    Attestation,
    ApprovalRequest,
    ApprovalStage,
    Vote,
]
WITH_HISTORY = [
    BreakGlass,
    BreakGlassService,
    Change,
    ChangeTarget,
    ChangeComment,
    ApprovalRequest,
    ApprovalStage,
]


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    change = ready_to_close(cast)
    change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="<script>alert(1)</script>")
    glass = {"services": ["ledger"], "environment": "production", "reason": "It is down.", "minutes": 30}
    break_glass_ask(actor=cast.lead.actor, now=NOW, fields=glass)
    return cast


@pytest.fixture
def office(cast: Cast) -> Client:
    client = Client()
    client.force_login(make_user(staff=True))
    return client


def path(model: Any, *more: object) -> str:
    parts = "".join(f"{part}/" for part in more)
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{parts}"


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_listed_searched_and_shown(office: Client, model: Any) -> None:
    row = model._default_manager.first()
    assert office.get(path(model)).status_code == 200
    assert office.get(path(model) + "?q=1").status_code == 200
    shown = office.get(path(model, row.pk, "change"))
    assert shown.status_code == 200
    assert b"<script>alert(1)" not in shown.content


@pytest.mark.parametrize("model", WITH_HISTORY)
def test_the_history_is_shown(office: Client, model: Any) -> None:
    row = model._default_manager.first()
    assert office.get(path(model, row.pk, "history")).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_changed_or_deleted(office: Client, model: Any) -> None:
    row = model._default_manager.first()
    with nothing_written():
        assert office.get(path(model, "add")).status_code == 403
        assert office.post(path(model, "add"), {"state": "approved"}).status_code == 403
        assert office.post(path(model, row.pk, "change"), {"state": "approved"}).status_code == 403
        assert office.post(path(model, row.pk, "delete"), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        office.post(path(model), chosen)


def test_s1_an_administrator_who_requests_does_not_approve_by_the_back_office(cast: Cast) -> None:
    change = approved(cast)
    cast.requester.is_staff = True
    cast.requester.save()
    client = Client()
    client.force_login(cast.requester)
    with nothing_written():
        client.post(path(Change, change.pk, "change"), {"state": "closed", "content_hash": "0" * 64})
    assert fresh(change).state == "approved"


@pytest.mark.parametrize("model", MODELS)
def test_others_do_not_come_in(cast: Cast, model: Any) -> None:
    client = Client()
    client.force_login(cast.requester)
    assert client.get(path(model)).status_code in {302, 403}
