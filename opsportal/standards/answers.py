"""What a standard says of an incident that nobody answers, and of what answers it without people. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opsportal.standards.language import Expression
    from opsportal.standards.rules import Source


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """`after` the opening of an incident that nobody has acknowledged, these are told.

    `who` are `on_call`, `on_call:<role of the schedule>`, `assignee` or `role:<id>`.
    """

    after: timedelta
    who: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom the silence on an incident of one severity tells, and when.

    `lapse` is how long an acknowledgement holds, zero where the document does not say. With
    `working_hours`, low urgency waits for them. `origin`, `replaces` and `reason` are as in `Rule`.
    """

    id: str
    title: str
    severity: str
    steps: tuple[EscalationStep, ...]
    source: Source
    also: tuple[Source, ...]
    origin: str
    urgency: Literal["high", "low"] = "high"
    lapse: timedelta = timedelta()
    repeat: int = 0
    working_hours: bool = False
    reading: str = ""
    replaces: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TriggerAction:
    """Something that is done by itself: the installation's webhook of this id, or `tell`ing somebody."""

    id: str
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """`actions` in their order, once `when` has held for `lasting`; `timeout` for all of them."""

    id: str
    title: str
    when: Expression
    actions: tuple[TriggerAction, ...]
    timeout: timedelta
    source: Source
    also: tuple[Source, ...]
    origin: str
    lasting: timedelta = timedelta()
    reading: str = ""
    replaces: str = ""
    reason: str = ""
