"""No page without signing in, but for those that are listed as public in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from opsportal.web.public import is_public, signs_in_itself
from opsportal.web.requests import sign_in_url

pytestmark = pytest.mark.django_db

_EXAMPLES = {"int": "1", "slug": "some-slug", "str": "CHG-1", "uuid": str(UUID(int=1)), "path": "1"}
_CONVERTER = re.compile(r"<(?:(\w+):)?\w+>")


def paths(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    """Yield an example path of every URL pattern that is written with converters."""
    for entry in resolver.url_patterns:
        route = getattr(entry.pattern, "_route", None)
        if route is None:  # a regular expression: those of the API, which asks for its own credentials
            continue
        example = _CONVERTER.sub(lambda found: _EXAMPLES[found[1] or "str"], str(route))
        if isinstance(entry, URLResolver):
            yield from paths(entry, prefix + example)
        elif isinstance(entry, URLPattern):
            yield prefix + example


def all_paths() -> list[str]:
    return sorted(set(paths(get_resolver())))


def test_there_are_pages_to_look_at() -> None:
    found = all_paths()
    assert len(found) > 40
    assert {"/", "/changes/", "/cab/", "/deployments/", "/changes/CHG-1/"} <= set(found)


def test_a_page_is_public_only_if_it_is_listed() -> None:
    """One test for all, since there are very many: it names each address that answers wrongly."""
    wrong = {path: status for path in all_paths() if (status := answered_wrongly(Client(), path))}
    assert wrong == {}


def answered_wrongly(client: Client, path: str) -> int:
    """Return the status where somebody who has not signed in is not answered as is listed, otherwise 0."""
    response = client.get(path)
    to_sign_in = response.status_code == 302 and response["Location"] == sign_in_url(path)
    if signs_in_itself(path):
        as_listed = response.status_code == 401 or is_public(path)
    else:
        as_listed = to_sign_in is not is_public(path)
    return 0 if as_listed else response.status_code
