"""Why something was not done. Edges map each class once, to a page or to an RFC 9457 problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input. `pointer` is an RFC 6901 JSON pointer, `""` for the whole."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision: a short `code`, the `rule` that says so, and plain words."""

    code: str
    rule: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "rule": self.rule, "detail": self.detail}


class Refusal(Exception):  # noqa: N818 - an expected answer, not a defect
    """Base of every expected "no". Raising it rolls the write back; nothing of it stays."""

    status = 400
    code = "refused"
    title = "Refused"

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.code = code or self.code


class InvalidInput(Refusal):
    """The input is wrong (400). Carries one error for each wrong field."""

    status = 400
    code = "invalid"
    title = "The input is not valid"

    def __init__(self, errors: Iterable[FieldError], detail: str = "") -> None:
        self.errors = tuple(errors)
        super().__init__(detail or "; ".join(dict.fromkeys(error.detail for error in self.errors)))

    @classmethod
    def of(cls, field: str, code: str, detail: str) -> InvalidInput:
        """Return the refusal for one field, named by its key in the body."""
        return cls([FieldError(f"/{field}" if field else "", code, detail)])

    @classmethod
    def of_fields(cls, messages: Mapping[str, str], code: str = "invalid") -> InvalidInput:
        """Return the refusal for several fields with one message each."""
        return cls([FieldError(f"/{field}", code, text) for field, text in messages.items()])


class NotFound(Refusal):
    """The object of the URL does not exist, or even its existence is private (404)."""

    status = 404
    code = "not_found"
    title = "There is nothing here"


class Gone(Refusal):
    """The object stands, but what it held does not any more (410)."""

    status = 410
    code = "gone"
    title = "This is not there any more"


class Unauthenticated(Refusal):
    """No credentials, or not valid ones (401)."""

    status = 401
    code = "not_authenticated"
    title = "Sign in first"


class Forbidden(Refusal):
    """This actor may not do that (403)."""

    status = 403
    code = "forbidden"
    title = "You may not do this"


class Conflict(Refusal):
    """The present state does not allow it (409)."""

    status = 409
    code = "conflict"
    title = "This cannot be done now"


class IllegalMove(Conflict):
    """The state machine has no such move from the present state (409)."""

    code = "illegal_move"
    title = "This step is not possible in the present state"


class Stale(Conflict):
    """The object has moved on since the caller read it (409)."""

    code = "stale"
    title = "Somebody else changed this in the meantime"


class RuleRefused(Conflict):
    """A rule of the active standard refuses it (409). Carries all its reasons."""

    code = "refused_by_rule"
    title = "The standard does not allow this"

    def __init__(self, reasons: Iterable[Reason], detail: str = "") -> None:
        self.reasons = tuple(reasons)
        super().__init__(detail or " ".join(dict.fromkeys(reason.detail for reason in self.reasons)))


class TooLarge(Refusal):
    """The body is larger than what is read here (413)."""

    status = 413
    code = "too_large"
    title = "The request is too large"


class Unavailable(Refusal):
    """What is needed is away for the moment (503)."""

    status = 503
    code = "unavailable"
    title = "The portal cannot do this right now"

    def __init__(self, detail: str = "", *, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(detail)
