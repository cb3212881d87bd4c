"""The paths that need no sign-in, in one place. A test compares them with the URLs."""

from __future__ import annotations

import re

from opsportal.core import secrecy

PUBLIC_PATHS: tuple[str, ...] = (
    r"/(health|ready|startup)/?",
    r"/metrics/?",  # asks for a token itself, unless the caller is this machine
    r"/api/v1/(schema|docs)(/.*)?",
    r"/accounts/(login|logout|inactive)/",
    r"/accounts/password/reset/.*",
    r"/calendar/feeds/[^/]+\.ics",  # the secret in the address is the credential
    r"/status(\.json|/.*)?",  # what the public is told, and links that were mailed to subscribers
    r"/ack/[^/]+/",  # a signed link of one page: it shows, and its button acknowledges
    r"/hooks/(slack|twilio/(text|call/[^/]+))/",  # signed by their senders
    r"/audits/guest/[^/]+/",  # the link of an external auditor: it shows, and its button lets them in
    r"/theme/",  # keeps one word in a cookie
    r"/static/.*",
    r"/favicon\.ico",
)

OWN_SIGN_IN: tuple[str, ...] = (
    r"/api(/.*)?",  # bearer token, or the session with CSRF: opsportal.api
    r"/v2/(change/)?enqueue/?",  # the routing key stands in the body
)

# Machines that have no bearer token: their key stands in the path, or in what they send.
_KEYED = re.compile(
    rf"/api/v1/(alerts|heartbeats)/(.*/)?({secrecy.SENDER}|{secrecy.HEARTBEAT})[A-Za-z0-9]+(/.*)?"
    r"|/v2/(change/)?enqueue/?"
)

_public = re.compile("|".join(PUBLIC_PATHS))
_own = re.compile("|".join(OWN_SIGN_IN))


def is_public(path: str) -> bool:
    """Return whether anybody may see `path`."""
    return _public.fullmatch(path) is not None


def signs_in_itself(path: str) -> bool:
    """Return whether `path` is no page, and asks for its own credentials."""
    return _own.fullmatch(path) is not None


def bears_its_key(path: str) -> bool:
    """Return whether a machine is known by what stands in `path` or in what it posts there."""
    return _KEYED.fullmatch(path) is not None


def without_secret(path: str) -> str:
    """Return `path` as a log may keep it."""
    return secrecy.shortened(path)
