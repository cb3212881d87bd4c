"""Log lines carry no secrets."""

from __future__ import annotations

import pytest

from opsportal.core import secrecy
from opsportal.core.correlation import correlated
from opsportal.core.logging import add_correlation, hide_secrets


@pytest.mark.parametrize(
    "name", ["password", "api_key", "apiKey", "Authorization", "csrf_token", "Cookie", "client_secret"]
)
def test_a_value_with_a_secret_name_is_hidden(name: str) -> None:
    assert hide_secrets(None, "info", {name: "s3cret"}) == {name: "[hidden]"}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("sent opk_abcdefghijkl", "sent [hidden]"),
        ("Authorization: Bearer abc.def", "Authorization: [hidden]"),
        ("postgresql://portal:hunter2@db/x", "postgresql://[hidden]@db/x"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_a_secret_inside_a_text_is_hidden(line: str, shown: str) -> None:
    assert hide_secrets(None, "info", {"event": line})["event"] == shown


def test_the_correlation_id_in_force_is_on_the_line() -> None:
    with correlated("abc"):
        assert add_correlation(None, "info", {"event": "x"}) == {"event": "x", "correlation_id": "abc"}
    assert add_correlation(None, "info", {"event": "x"}) == {"event": "x"}


@pytest.mark.parametrize("prefix", secrecy.PREFIXES)
def test_every_secret_of_ours_is_hidden_wherever_it_stands(prefix: str) -> None:
    secret = prefix + "aB3-_" * 6
    line = {"event": f"GET /x/{secret}/", "more": {"seen": [secret, (1, secret)]}, "left": None, "count": 2}
    hidden = hide_secrets(None, "info", line)
    assert secret not in str(hidden)
    assert (hidden["left"], hidden["count"]) == (None, 2)
