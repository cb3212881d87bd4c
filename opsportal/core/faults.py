"""Telling all that is wrong with an input at once, not the first of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opsportal.core.errors import FieldError, InvalidInput


class Faults:
    """What is wrong with several parts of an input, in the order in which it was found."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    @contextmanager
    def noted(self, pointer: str = "") -> Iterator[None]:
        """Note what the block refuses as `InvalidInput`, below `pointer`, and go on after it."""
        try:
            yield
        except InvalidInput as refusal:
            self.errors += below(pointer, refusal)

    def refuse(self) -> None:
        """Raise `InvalidInput` with all that was noted, each fault once, unless there is none."""
        if self.errors:
            raise InvalidInput(dict.fromkeys(self.errors))


def below(pointer: str, refusal: InvalidInput) -> list[FieldError]:
    """Return the errors of a refusal of one part, as those of the whole that has it at `pointer`."""
    return [FieldError(f"{pointer}{one.pointer}", one.code, one.detail) for one in refusal.errors]


def all_checked(checks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return what each of the checks returns, by its name. Raises `InvalidInput` with the errors of all."""
    faults, values = Faults(), {}
    for name, check in checks.items():
        with faults.noted():
            values[name] = check()
    faults.refuse()
    return values
