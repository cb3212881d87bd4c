"""Who is told that somebody stands in for somebody."""

from __future__ import annotations

import pytest

from opsportal.accounts.services import deputy_end, deputy_name
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, make_user

pytestmark = pytest.mark.django_db


def test_the_deputy_is_told_and_the_member_where_somebody_else_did_it() -> None:
    ada, dan, admin = make_user(name="Ada"), make_user(name="Dan"), make_user(name="Root", staff=True)
    row = deputy_name(actor=ada.actor, now=NOW, principal_id=ada.pk, deputy_id=dan.pk)
    messages_handle(clock=lambda: NOW)
    deputy_end(actor=admin.actor, now=NOW, deputyship_id=row.pk)
    messages_handle(clock=lambda: NOW)
    told = Notification.objects.values_list("recipient__full_name", "subject")
    assert sorted(line for line in told if "stand" in line[1]) == [
        ("Ada", "Dan no longer stands in for Ada"),
        ("Dan", "Dan no longer stands in for Ada"),
        ("Dan", "Dan stands in for Ada"),
    ]
