"""Full-text search over changes."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from changes.models import SearchDocument
from changes.selectors import ChangeFilter, change_list
from changes.selectors.searching import changes_found
from changes.services.closing import change_review
from changes.services.comments import change_comment
from changes.services.drafts import change_revise
from tests.changing import Cast, draft, implemented, make_cast
from tests.makers import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def found(text: str) -> list[str]:
    ranked = [one.change.key for one in changes_found(text, 15)]
    listed = change_list(ChangeFilter(text=text)).values_list("pk", flat=True)
    assert sorted(ranked) == sorted(f"CHG-{pk}" for pk in listed)
    return ranked


def test_words_are_found_in_all_texts_and_comments(cast: Cast) -> None:
    one = draft(cast, title="Rotate the signing key", plan="Ask Überwachung first.", tags=["pci"])
    two = draft(cast, title="Something else", description="The key that was signing is old.")
    change_comment(actor=cast.bystander.actor, now=NOW, pk=two.pk, text="Who tells the auditors?")
    assert found("rotat") == [one.key]
    assert found("UBERWACHUNG") == [one.key]
    assert found("key signing") == [one.key, two.key]  # the title counts more
    assert found('"signing key"') == [one.key]
    assert found("auditor") == [two.key]
    assert found("key auditor") == [two.key]
    assert found("pci") == [one.key]
    assert sorted(found("payments-api")) == sorted([one.key, two.key])
    assert found("otate") == found("%") == found('""') == []


def test_a_key_is_found_whole_and_where_it_is_mentioned(cast: Cast) -> None:
    one = draft(cast, title="First")
    two = draft(cast, title="Second", description=f"After {one.key}.")
    assert sorted(found(one.key.lower())) == sorted([one.key, two.key])
    assert found(f"{two.key}0") == []


def test_what_is_edited_away_is_found_no_more(cast: Cast) -> None:
    change = draft(cast, title="Rotate keys")
    change_revise(actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"title": "Renew tokens"})
    assert (found("rotate"), found("renew")) == ([], [change.key])


def test_the_review_is_found(cast: Cast) -> None:
    change = implemented(cast)
    change_review(actor=cast.requester.actor, now=NOW, pk=change.pk, review="The pager was silent.")
    assert found("pager") == [change.key]


@pytest.mark.parametrize(
    "text", ["'", '"', "zz' | 'zz", "zz:*", "<->", "NEAR(z z)", "zz AND", "{title}: zz", "\\", "*"]
)
def test_no_text_breaks_the_query(cast: Cast, text: str) -> None:
    draft(cast, title="Plain")
    assert found(text) == []


def test_the_snippet_shows_where_it_stands(cast: Cast) -> None:
    draft(cast, title="Plain", plan="Stop <b>the</b> pump, then start it.")
    (one,) = changes_found("pump", 15)
    assert ("pump", True) in one.snippet
    assert "".join(part for part, _ in one.snippet) == "Stop <b>the</b> pump, then start it."


def test_huge_texts_can_be_stored_and_found(cast: Cast) -> None:
    words = " ".join(f"{number:x}" for number in range(3_500))
    change = draft(cast, description=words, plan=words, impact=words, justification=words)
    assert found("d00") == [change.key]


def test_the_backfill_writes_what_is_missing_and_nothing_twice(cast: Cast) -> None:
    change = draft(cast, title="Rotate keys")
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Seen.")
    before = list(SearchDocument.objects.values_list())
    SearchDocument.objects.all().delete()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM changes_search")
    write_words = import_module("changes.migrations.0004_search_backfill").write_words
    for _ in range(2):
        write_words(apps, SimpleNamespace(connection=connection))
    assert list(SearchDocument.objects.values_list()) == before
    assert found("rotate seen") == [change.key]
