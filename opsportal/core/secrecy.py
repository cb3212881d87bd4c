"""What is secret in a text: every prefix of a secret of ours, and every path whose last part is one. Pure.

Whoever makes a secret takes its prefix from here, so that no log can learn of it later than its maker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

BEARER = "opk_"  # a service account's
SENDER = "opi_"  # of an integration: alerts come in by it
HEARTBEAT = "oph_"  # of a check that is pinged
OUTCOME = "opr_"  # by which a receiver tells how its action went
FEED = "opf_"  # of somebody's calendar
ACKNOWLEDGE = "opa_"  # of one page to one person: signed, so it has dots
GUEST = "opg_"  # of an external auditor

PREFIXES = (BEARER, SENDER, HEARTBEAT, OUTCOME, FEED, ACKNOWLEDGE, GUEST)

PATHS = (
    # The second group is the secret. That word takes its place once it is in the session.
    r"(/accounts/password/reset/key/[0-9A-Za-z]+-)(?!set-password\b)([^/\s\"'?#…\[]+)",
    # A subscriber's signed link: it confirms, and it ends a subscription.
    r"(/status/(?:confirm|manage)/)([^/\s\"'?#…\[]+)",
    # What single sign-on and links by mail put into a query.
    r"([?&](?:code|token|secret|password|passwd|signature|sig|otp)=)([^&\s\"'#…\[]+)",
)

_PREFIXED = re.compile(rf"\b((?:{'|'.join(PREFIXES)})[A-Za-z0-9_-]{{4}})[A-Za-z0-9_.-]+")
_PATHS = tuple(re.compile(pattern) for pattern in PATHS)
_ADDRESSED = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|[Bb]earer\s+\S+")
HIDDEN = "[hidden]"


def shortened(path: str) -> str:
    """Return `path` with what its secrets begin with: a log, an answer or an audit entry may keep that."""
    if "op" in path:  # far cheaper than the pattern, and most lines are done with it
        path = _PREFIXED.sub(r"\1…", path)
    if "/" in path:
        for pattern in _PATHS:
            path = pattern.sub(r"\1…", path)
    return path


def is_secret(text: str) -> bool:
    """Return whether `text` is a secret of ours and nothing else."""
    return _PREFIXED.fullmatch(text) is not None


def without_secrets(value: object) -> object:
    """Return a JSON value without secrets: members that are one left out, texts that hold one shortened."""
    match value:
        case str():
            return _PREFIXED.sub(r"\1…", value) if "op" in value else value
        case Mapping():
            members = value.items()
            return {k: without_secrets(v) for k, v in members if not (isinstance(v, str) and is_secret(v))}
        case list() | tuple():
            return [without_secrets(item) for item in value]
        case _:
            return value


def blanked(text: str) -> str:
    """Return `text` without any secret: the net beneath every log line."""
    if "op" in text:
        text = _PREFIXED.sub(HIDDEN, text)
    if "/" in text:
        for pattern in _PATHS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
    return _ADDRESSED.sub(HIDDEN, text)
