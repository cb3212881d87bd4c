"""Handing a message over by HTTP, and what an answer's status means for it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from opsportal.core import outbound
from opsportal.core.errors import InvalidInput
from opsportal.core.outbound import Answer
from opsportal.core.text import clean_text
from opsportal.notify.channels.base import ChannelAwayError, Envelope, RefusedError, TryAgainError

JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
LONGEST_BODY = 3000
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def hand_over(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    before_hand_over: Callable[[], None],
    own_circuit: bool,
) -> Answer:
    """Send `body` by POST and return the answer, a success. Raises one of the errors of a channel.

    With `own_circuit` a failure is that of this one receiver, which is left in peace for a while;
    otherwise it is the provider's, who may well take the next message.
    """
    try:
        answer = outbound.post(url, body, headers=headers, before_hand_over=before_hand_over)
    except outbound.NotAllowedError as error:
        raise RefusedError(error.code) from error
    except outbound.NotReachedError as error:
        raise ChannelAwayError(error.code) from error
    except outbound.NoAnswerError as error:
        if own_circuit:
            raise ChannelAwayError(error.code) from error
        raise TryAgainError(error.code, slow=True) from error
    if not answer.is_success:
        raise failure_of(answer, own_circuit=own_circuit)
    return answer


def failure_of(answer: Answer, *, own_circuit: bool) -> RefusedError | TryAgainError | ChannelAwayError:
    """Return what an answer that is no success means. A redirect is a refusal: nobody follows it."""
    code, passes = f"http {answer.status}", answer.status >= 500 or answer.status in {408, 425}
    if answer.status == 429 or (passes and own_circuit):
        return ChannelAwayError(code, retry_after=_retry_after(answer))
    if passes:
        return TryAgainError(code)
    if answer.status in {401, 403} and not own_circuit:
        return ChannelAwayError(code)  # our own credentials: every message fails alike
    return RefusedError(code)


def _retry_after(answer: Answer) -> timedelta | None:
    given = answer.headers.get("retry-after", "").strip()
    return timedelta(seconds=int(given)) if given.isdecimal() and len(given) < 6 else None


def json_of(answer: Answer) -> dict[str, Any]:
    """Return the object in an answer's body; empty where there is none."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(answer.body)
        if isinstance(found, dict):
            return found
    return {}


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode(errors="replace")


def readable(text: str, most: int = LONGEST_BODY) -> str:
    """Return `text` without what nobody sees, cut to `most` characters; a cut shows."""
    seen = _UNSEEN.sub(" ", text).strip()
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def text_of(envelope: Envelope, most: int = LONGEST_BODY) -> str:
    """Return subject, body and links as plain text, at most `most` characters of it before the links."""
    said = readable(f"{envelope.subject}\n{envelope.body}", most)
    ways = [envelope.link, f"Acknowledge: {envelope.ack_link}" if envelope.ack_link else ""]
    return "\n".join(part for part in (said, *ways) if part)


def clean_url(address: object) -> str:
    """Return an address to call. Raises `InvalidInput` for what is none.

    Whether it leads inside is asked each time that it is called.
    """
    url = clean_text(address, field="address", max_length=300, required=True, lines=False)
    try:
        outbound.place_of(url)
    except outbound.NotAllowedError:
        raise InvalidInput.of(
            "address", "not_an_address", "Give a complete address: https://hooks.example.org/…"
        ) from None
    return url


def clean_pattern(address: object, pattern: re.Pattern[str], *, detail: str) -> str:
    """Return `address` where all of it fits `pattern`. Raises `InvalidInput` with `detail`."""
    text = clean_text(address, field="address", max_length=300, required=True, lines=False)
    if not pattern.fullmatch(text):
        raise InvalidInput.of("address", "not_an_address", detail)
    return text
