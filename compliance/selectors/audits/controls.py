"""Audits and the controls of the catalogue, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from compliance.models import Audit, Control, ControlTest, Finding
from compliance.models.controls import CONTROL_PREFIX
from compliance.selectors.audits.seen import audits_seen, findings_seen
from opsportal.core.actor import Actor
from opsportal.core.keys import number_of
from opsportal.obligations.terms import joined

MOST = 50


@dataclass(frozen=True, slots=True)
class Audited:
    """What audits say of a control: those that name it, its tests, and what was found of it, latest first."""

    audits: list[Audit]
    tests: list[ControlTest]
    findings: list[Finding]


def controls_named(keys: Iterable[str]) -> list[Control]:
    """Return the controls of these keys, by number, also retired ones."""
    numbers = [number_of(key, CONTROL_PREFIX) for key in keys]
    return list(Control.objects.filter(pk__in=[number for number in numbers if number]).order_by("pk"))


def audited(actor: Actor, control: Control) -> Audited:
    """Return what audits say of a control, as far as `actor` may see it: 50 of each at most."""
    seen = audits_seen(actor)
    tests: QuerySet[ControlTest] = ControlTest.objects.filter(tested__control=control, audit__in=seen)
    return Audited(
        audits=list(seen.filter(controls__contains=joined([control.key])).order_by("-id")[:MOST]),
        tests=list(tests.select_related("audit").order_by("-id")[:MOST]),
        findings=list(
            findings_seen(actor).filter(test__tested__control=control).order_by("-id").distinct()[:MOST]
        ),
    )
