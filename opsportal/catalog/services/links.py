"""Links of a service: a title and a web address each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.faults import all_checked
from opsportal.core.text import clean_text

MAX_LINKS = 20
MAX_TITLE = 80
MAX_URL = 500
_SCHEMES = {"http", "https"}


def clean_links(value: object) -> list[dict[str, str]]:
    """Return the links as `{"title", "url"}`, in the order given.

    Raises `InvalidInput` with a pointer to each wrong one: not a list, too many, an unknown name in one,
    an address that is not http(s), has no host, or carries a user name or password.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
        raise InvalidInput.of("links", "not_a_list", "Must be a list of links.")
    if len(value) > MAX_LINKS:
        raise InvalidInput.of("links", "too_many", f"At most {MAX_LINKS} links.")
    links: list[dict[str, str]] = []
    errors: list[FieldError] = []
    for index, item in enumerate(value):
        try:
            links.append(_clean(item, f"links/{index}"))
        except InvalidInput as error:
            errors.extend(error.errors)
    if errors:
        raise InvalidInput(errors)
    return links


def _clean(item: object, pointer: str) -> dict[str, str]:
    if not isinstance(item, Mapping):
        raise InvalidInput.of(pointer, "not_an_object", "Must be an object with title and url.")
    unknown = sorted(str(name)[:60] for name in item if name not in {"title", "url"})
    if unknown:
        raise InvalidInput.of(f"{pointer}/{unknown[0]}", "unknown", "A link has title and url only.")
    title, where = item.get("title", ""), f"{pointer}/title"
    return all_checked(
        {
            "title": lambda: clean_text(title, field=where, max_length=MAX_TITLE, required=True, lines=False),
            "url": lambda: clean_url(item.get("url", ""), f"{pointer}/url"),
        }
    )


def clean_url(value: object, pointer: str) -> str:
    """Return a web address. Raises `InvalidInput` where it is not http(s), or carries a password."""
    url = clean_text(value, field=pointer, max_length=MAX_URL, required=True, lines=False)
    wrong = InvalidInput.of(
        pointer, "not_an_address", "Must be a web address that starts with http:// or https://."
    )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # the port is parsed here, and may be none
    except ValueError:
        raise wrong from None
    if parts.scheme.lower() not in _SCHEMES or not host or any(char.isspace() for char in url):
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise InvalidInput.of(
            pointer, "with_credentials", "Leave the user name and password out of the address."
        )
    return url
