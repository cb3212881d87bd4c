"""What tests of refusals rest on: a row that is added, changed or removed in any table is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from opsportal.accounts.models import Team, User
from opsportal.outbox.models import Heartbeat
from tests.makers import NOW, make_team, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("act", "where"),
    [
        (lambda: Heartbeat.objects.create(name="x", finished_at=NOW), "outbox.Heartbeat"),
        (lambda: User.objects.update(full_name="Somebody else"), "accounts.User"),
        (lambda: Team.objects.all()._raw_delete(using="default"), "accounts.Team"),
        (lambda: Permission.objects.order_by("pk")[:1].get().delete(), "auth.Permission"),
        (lambda: ContentType.objects.filter(model="user").update(model="users"), "contenttypes.ContentType"),
    ],
)
def test_what_is_written_is_seen_wherever_it_is(act: Callable[[], object], where: str) -> None:
    make_user()
    make_team()
    with pytest.raises(AssertionError, match=where), nothing_written():
        act()


def test_reading_is_not_writing() -> None:
    make_user()
    with nothing_written():
        assert User.objects.get().full_name
