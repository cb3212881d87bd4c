"""A double click: both requests run at the same moment."""

from __future__ import annotations

from changes.models import ChangeComment
from opsportal.web.once import TOKEN
from tests.changing import draft, make_cast
from tests.databases import Database
from tests.racing import race
from tests.reading import as_


def test_a_form_that_is_sent_twice_at_once_is_carried_out_once(fresh_database: Database) -> None:
    cast = make_cast()
    path = f"/changes/{draft(cast).key}/comment/"
    clients = [as_(cast.bystander) for _ in range(2)]
    sent = {"text": "Looks good.", "kind": "remark", TOKEN: "a" * 64}
    first, second = race(*(lambda client=client: client.post(path, sent) for client in clients))
    assert [getattr(one, "status_code", one) for one in (first, second)] == [302, 302]
    assert ChangeComment.objects.count() == 1
