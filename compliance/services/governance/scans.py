"""Scans and tests: recorded once, compared with what was known, so that vulnerabilities open and end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance.facts.governance import scan_facts
from compliance.governing.findings import MAX_DETAIL, Compared, Found, compare, counted, read_results
from compliance.governing.kinds import SCANS
from compliance.models import Scan, Vulnerability
from compliance.permissions.governance import ScanCase
from compliance.services.governance.fields import cleaned, line, link, one_of, past, prose, service
from compliance.services.governance.records import ORGANISATION, facts_of, owner_of, told
from compliance.services.governance.records import counted as count_for_rules
from compliance.services.governance.vulnerabilities import (
    vulnerability_again,
    vulnerability_found,
    vulnerability_gone,
)
from opsportal.core.access import may, require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.writes import write
from opsportal.obligations.terms import Subject

KIND = "scan"
FIELDS = (
    "kind",
    "service",
    "asset",
    "tool",
    "scope",
    "whole",
    "performed_at",
    "report",
    "summary",
    "external_id",
)


def scan_record(
    *, actor: Actor, now: datetime, fields: Mapping[str, Any], results: object = None, form: str = "own"
) -> tuple[Scan, bool]:
    """Record a scan or test and what it found; return it, and whether it is new.

    `fields` are those of `FIELDS`: `kind`, `tool` and `performed_at` (not ahead) are needed. `results` is a
    report in one of `findings.FORMATS`; None is a scan that found nothing. A repeated `external_id` with
    the same content finds the first scan; another content under it is refused. What is found and not known
    opens a vulnerability; what was fixed and is there again opens again; where the scan is of the `whole`
    of its scope, what it does not name any more is fixed and verified. That, and to count for rules, is for
    scans of those who may `scan.answer_for` the place; from others what they found is taken, and no more.
    Raises `Forbidden`, `InvalidInput` with a pointer for each error.
    """
    given = cleaned(fields, _cleaners(now), required=("kind", "tool", "performed_at"))
    found = read_results(form, results) if results is not None else ()
    digest = _digest(given, found)
    external = given.pop("external_id", "") or None
    with write(actor=actor, now=now):
        require(actor, "scan.record")
        twin = Scan.objects.select_for_update().filter(external_id=external).first() if external else None
        if twin is not None:
            if twin.digest != digest:
                raise InvalidInput.of(
                    "external_id", "taken", f"{twin.key} was recorded under it with other content."
                )
            return twin, False
        scan = Scan(
            **given,
            counts=counted(found),
            digest=digest,
            external_id=external,
            recorded_at=now,
            recorded_by_kind=actor.kind.value,
            recorded_by_id=actor.id,
        )
        scan.save(force_insert=True)
        _told(scan, actor=actor, now=now)
        _follow(scan, found, actor=actor, now=now)
        return scan, True


def place_of(scan: Scan) -> str:
    """Return what groups scans of the same place: SHA-256 of kind, tool, service, asset and scope."""
    service_slug = scan.service.slug if scan.service else ""
    words = "\0".join((scan.kind, scan.tool.lower(), service_slug, scan.asset, scan.scope.lower()))
    return hashlib.sha256(words.encode()).hexdigest()


def _follow(scan: Scan, found: tuple[Found, ...], *, actor: Actor, now: datetime) -> None:
    place = place_of(scan)
    rows = Vulnerability.objects.select_for_update(of=("self",)).select_related("service__owner_team")
    standing = {row.fingerprint: row for row in rows.filter(place=place).order_by("id")}
    newer = standing and _is_older(scan, place)
    states = {fingerprint: row.state for fingerprint, row in standing.items()}
    # A report that arrives late says nothing about what a later one has seen.
    answers_for_it = _answers_for(scan, actor, now)
    outcome = compare(found, states, whole=scan.whole and not newer and answers_for_it)
    if newer:
        outcome = Compared(outcome.new, (), ())
    for one in outcome.new:
        vulnerability_found(scan, one, place, actor=actor, now=now)
    for fingerprint in outcome.back:
        vulnerability_again(standing[fingerprint], scan, actor=actor, now=now)
    for fingerprint in outcome.gone:
        vulnerability_gone(standing[fingerprint], scan, actor=actor, now=now)


def _answers_for(scan: Scan, actor: Actor, now: datetime) -> bool:
    """Return whether this scan is taken as made of its place, and what it no longer names as gone.

    Machines, administrators, the service's own team and those whom the standard asks to scan are believed;
    what somebody else has found is added, and nothing more.
    """
    team = scan.service.owner_team.slug if scan.service else ""
    return may(actor, "scan.answer_for", ScanCase(team, now))


def _is_older(scan: Scan, place: str) -> bool:
    later = Scan.objects.filter(
        kind=scan.kind, service=scan.service, tool__iexact=scan.tool, performed_at__gt=scan.performed_at
    )
    return any(place_of(one) == place for one in later.select_related("service")[:50])


def _told(scan: Scan, *, actor: Actor, now: datetime) -> None:
    service_slug = scan.service.slug if scan.service else ""
    data = {"kind": scan.kind, "service": service_slug, "digest": scan.digest, **scan.counts}
    told("scan.recorded", kind=KIND, key=scan.key, actor=actor, now=now, data={"scan": data})
    if not _answers_for(scan, actor, now):
        return
    facts = {
        **scan_facts(kind=scan.kind, tool=scan.tool, scope=scan.scope, counts=scan.counts),
        **facts_of(scan.service),
    }
    summary = f"{scan.get_kind_display()} by {scan.tool}"
    count_for_rules(
        "scan.recorded",
        subject=ORGANISATION,
        record=(KIND, scan.key),
        facts=facts,
        at=scan.performed_at,
        actor=actor,
        now=now,
        summary=summary,
        digest=scan.digest,
    )
    if scan.service is not None:
        count_for_rules(
            "service.scanned",
            subject=Subject("service", scan.service.slug, scan.service.name),
            record=(KIND, scan.key),
            facts=facts,
            at=scan.performed_at,
            actor=actor,
            now=now,
            owner=owner_of(scan.service, actor, now),
            summary=summary,
            digest=scan.digest,
        )


def _digest(given: Mapping[str, Any], found: tuple[Found, ...]) -> str:
    service_row = given.get("service")
    words = [
        given["kind"],
        given["tool"],
        service_row.slug if service_row else "",
        given.get("asset", ""),
        given.get("scope", ""),
        given["performed_at"].isoformat(),
        *sorted(f"{one.fingerprint} {one.severity}" for one in found),
    ]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _whole(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput.of("whole", "not_a_flag", "Must be true or false.")
    return value


def _cleaners(now: datetime) -> dict[str, Any]:
    return {
        "kind": one_of("kind", SCANS),
        "service": service("service"),
        "asset": line("asset", 60),
        "tool": line("tool", 120, required=True),
        "scope": line("scope", 300),
        "whole": _whole,
        "performed_at": past("performed_at", now),
        "report": link("report"),
        "summary": prose("summary", MAX_DETAIL),
        "external_id": line("external_id", 100),
    }
