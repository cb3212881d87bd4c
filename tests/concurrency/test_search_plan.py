"""How PostgreSQL searches many changes: by the index of words, and never through all of them."""

from __future__ import annotations

import pytest
from django.db import connection

from changes.models import Change
from changes.selectors import ChangeFilter, change_list
from changes.selectors.searching import matching
from tests.changing import draft, make_cast

pytestmark = pytest.mark.django_db

ROWS = 20_000


@pytest.fixture
def many() -> None:
    first = draft(make_cast())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO changes_change"
            " SELECT (jsonb_populate_record(one, jsonb_build_object('id', one.id + n))).*"
            " FROM changes_change one, generate_series(1, %s) n WHERE one.id = %s",
            [ROWS, first.pk],
        )
        cursor.execute(
            "INSERT INTO changes_searchdocument (change_id, title, names, body)"
            " SELECT id, 'common word' || id, 'chg ' || id, 'text ' || md5(id::text) FROM changes_change"
            " WHERE id > %s",
            [first.pk],
        )
        cursor.execute("ANALYZE changes_change")
        cursor.execute("ANALYZE changes_searchdocument")


@pytest.mark.usefixtures("many")
def test_a_rare_word_is_looked_up_in_the_index() -> None:
    newest = Change.objects.order_by("-pk")[0].pk
    plan = Change.objects.filter(matching(f"word{newest}")).explain()
    assert "changes_search_words" in plan
    assert "Seq Scan on changes_searchdocument" not in plan
    ordered = change_list(ChangeFilter(text=f"word{newest}")).order_by("-updated_at", "-id")[:51]
    assert "changes_search_words" in ordered.explain()
    assert [change.pk for change in ordered] == [newest]
