"""The search page shows where it stands, safely (B6)."""

from __future__ import annotations

import pytest

from tests.changing import draft, make_cast
from tests.reading import as_, shown

pytestmark = pytest.mark.django_db


def test_a_hit_is_marked_and_markup_stays_text() -> None:
    cast = make_cast()
    change = draft(cast, title="<i>Plain</i>", plan='Stop <script>alert("x")</script> the pump, then wait.')
    text = shown(as_(cast.bystander), "/search/?q=pum+script")
    assert f'href="/changes/{change.key}/"' in text
    assert "<mark>pump</mark>" in text
    assert "&lt;<mark>script</mark>&gt;alert(&quot;x&quot;)" in text
    assert "<script>alert" not in text
    assert "<i>Plain" not in text


def test_no_words_find_nothing() -> None:
    cast = make_cast()
    draft(cast)
    assert "Nothing found" in shown(as_(cast.bystander), "/search/?q=%22%22")
