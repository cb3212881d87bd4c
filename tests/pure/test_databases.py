"""What one URL says about the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from opsportal import databases


def options(query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = databases.from_url(f"postgresql://ada:secret@db:5433/portal{query}")["OPTIONS"]
    return found


def test_hot_statements_are_prepared_unless_the_url_says_otherwise() -> None:
    assert options() == {"connect_timeout": 3, "prepare_threshold": databases.PREPARE_AFTER}
    assert options("?prepare_threshold=0")["prepare_threshold"] == 0
    assert options("?prepare_threshold=off&sslmode=require") == {
        "connect_timeout": 3,
        "sslmode": "require",
        "prepare_threshold": None,
    }


@pytest.mark.parametrize("text", ["never", "-1", "1.5"])
def test_a_threshold_that_is_none_stops_the_start_without_the_password(text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        options(f"?prepare_threshold={text}&x=1")
    assert "prepare_threshold" in str(caught.value)
    assert "secret" not in str(caught.value)
