"""No secret of an address comes into a log: whatever logs it, whatever the method, whoever asks."""

from __future__ import annotations

import io
import json
import logging
import re
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize
from structlog.stdlib import ProcessorFormatter

from incidents.services.statuspage import links
from opsportal.core import secrecy
from opsportal.core.clock import edge_now
from opsportal.notify import ack_links
from opsportal.web.public import bears_its_key, is_public, without_secret

SECRET = "Zq8" * 10
RESET = f"3-d1xabc-{SECRET}"

SECRET_PARTS: dict[str, str] = {
    # name of a pattern: what stands there for one parameter, as its maker makes it
    "feed": secrecy.FEED + SECRET,
    "audit-guest": secrecy.GUEST + SECRET,
    "acknowledge": ack_links.token_of(UUID(int=7), now=edge_now()),
    "hook-twilio-call": ack_links.token_of(UUID(int=8), now=edge_now()),
    "status-confirm": links.link_of(links.CONFIRM, 7).rstrip("/").rsplit("/", 1)[1],
    "status-manage": links.link_of(links.MANAGE, 7).rstrip("/").rsplit("/", 1)[1],
    "api-alerts-token": secrecy.SENDER + SECRET[:28],
    "api-alerts-alertmanager-token": secrecy.SENDER + SECRET[:28],
    "api-alerts-grafana-token": secrecy.SENDER + SECRET[:28],
    "api-heartbeat-ping": secrecy.HEARTBEAT + SECRET[:28],
    "account_reset_password_from_key": f"d1xabc-{SECRET}",
}
OPEN_TO_ALL = {"status-notice"}
"""Public, with a part that is no secret."""


def _addresses(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    for pattern in resolver.url_patterns:
        whole = before + pattern.pattern.regex.pattern.removeprefix("^").removesuffix(r"\Z")
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern, whole)
        elif isinstance(pattern, URLPattern):
            yield pattern.name or "", normalize(whole)


def _with_parts(part: str) -> Iterator[tuple[str, str]]:
    """Yield name and path of every address that has parts, each of them `part`."""
    for name, forms in _addresses(get_resolver()):
        for form, parameters in forms:
            if parameters:
                values = {parameter: "3" if parameter == "uidb36" else part for parameter in parameters}
                yield name, f"/{form % values}"


def test_every_address_that_bears_its_credential_is_known_here() -> None:
    """A new public address with a part in it has to be put into one of the two lists above."""
    found = {
        name
        for prefix in ("", *secrecy.PREFIXES)
        for name, path in _with_parts(prefix + SECRET[:28])
        if is_public(path) or bears_its_key(path)
    }
    api = {name for name in found if name.startswith("api-") and name not in SECRET_PARTS}
    assert found - api == set(SECRET_PARTS) | OPEN_TO_ALL
    assert all(re.match(r"api-(alert|heartbeat)", name) for name in api)  # their keys have another form


@pytest.mark.parametrize("name", SECRET_PARTS)
def test_no_line_keeps_what_stands_in_such_an_address(name: str) -> None:
    part = SECRET_PARTS[name]
    paths = [path for found, path in _with_parts(part) if found == name]
    assert paths
    for path in paths:
        assert part not in without_secret(path)
        assert part[-12:] not in without_secret(path)
        for line in (path, f"Error handling request {path}?a=1", f'"GET {path} HTTP/1.1" 500'):
            assert part[-12:] not in secrecy.blanked(line)
            assert secrecy.blanked(without_secret(line)) == without_secret(line)


@pytest.mark.parametrize("query", ["code=4%2F0Ab&state=x", "next=/&token=abcdef", "secret=abc", "otp=123456"])
def test_what_others_put_into_a_query_is_no_more_shown(query: str) -> None:
    shown = secrecy.blanked(f"Error handling request /accounts/oidc/login/callback/?{query}")
    assert "[hidden]" in shown
    for value in ("4%2F0Ab", "abcdef", "=abc", "123456"):
        assert value not in shown


def test_where_the_password_is_set_stays_readable() -> None:
    assert without_secret("/accounts/password/reset/key/3-set-password/").endswith("/3-set-password/")
    assert without_secret(f"/accounts/password/reset/key/{RESET}/") == "/accounts/password/reset/key/3-…/"


def test_a_prefix_is_written_in_one_place() -> None:
    """Whoever makes up a prefix of their own makes a secret that no log knows."""
    root = Path(__file__).parents[2]
    found = set()
    for folder in ("opsportal", "changes", "incidents", "compliance"):
        for path in (root / folder).rglob("*.py"):
            text = path.read_text()
            if not re.search(r"op[a-z]_", text):
                continue
            with path.open("rb") as source:
                strings = [token.string for token in tokenize.tokenize(source.readline) if token.type == 3]
            if any(re.match(r"""[rf]*["']op[a-z]_["']""", string) for string in strings):
                found.add(str(path.relative_to(root)))
    assert found == {"opsportal/core/secrecy.py"}


@contextmanager
def written() -> Iterator[io.StringIO]:
    """Yield what the process writes to its log meanwhile."""
    root = logging.getLogger()
    formatter = next(h.formatter for h in root.handlers if isinstance(h.formatter, ProcessorFormatter))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    level = root.level
    root.setLevel("INFO")
    try:
        yield stream
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PROPFIND", "REPORT"])
def test_no_method_brings_a_secret_into_the_log(method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    with written() as log:
        for part in (
            "feed",
            "audit-guest",
            "acknowledge",
            "status-manage",
            "account_reset_password_from_key",
        ):
            for path in (path for name, path in _with_parts(SECRET_PARTS[part]) if name == part):
                client.generic(method, path)
    text = log.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    assert sum(line["logger"] == "opsportal.access" for line in lines) >= 5
    if method != "GET":
        assert any(line["logger"] == "django.security.csrf" for line in lines)
    for part in SECRET_PARTS.values():
        assert part[-12:] not in text


@pytest.mark.parametrize("name", ["gunicorn.error", "gunicorn.access"])
def test_the_web_server_writes_no_secret_either(name: str) -> None:
    logger = logging.getLogger(name)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        try:
            raise ValueError(f"bad line: GET /calendar/feeds/{SECRET_PARTS['feed']}.ics")
        except ValueError:
            logger.exception("Error handling request %s", f"/accounts/password/reset/key/{RESET}/")
    finally:
        logger.removeHandler(handler)
    assert "ValueError: bad line" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_what_is_nested_in_a_line_is_hidden_too() -> None:
    inner: dict[str, Any] = {"paths": [f"/ack/{SECRET_PARTS['acknowledge']}/"], "password": "x", "n": 3}
    with written() as log:
        logging.getLogger("opsportal.test").warning("%s", inner)
    assert SECRET_PARTS["acknowledge"][-12:] not in log.getvalue()
