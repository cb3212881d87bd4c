"""Integrations: where alerts come from, their tokens, and what they are tested with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from incidents.ingest.arrived import Arrived, Status
from incidents.models import Integration, IntegrationToken
from incidents.permissions.alerts import source_case_of
from incidents.services.alerts import fields as of
from incidents.services.alerts.ingesting import Taken, arrived_from_the_portal
from incidents.services.alerts.keys import INTEGRATION_PREFIX, SHOWN, digest_of, new_secret
from incidents.states import INTEGRATION, TOKEN
from opsportal.accounts.models import Team
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_slug
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "integration"
MOST_TOKENS = 2
KINDS = ("alertmanager", "grafana", "pagerduty", "own")
"""What people may make; the portal's own is made by itself."""
TEST_KEY = "opsportal-test"
CLEANERS: Mapping[str, of.Cleaner] = {
    "name": of.a_name,
    "team": of.maybe_team,
    "service": of.maybe_service,
    "severity": of.a_severity,
    "severity_label": of.a_label,
    "severity_table": of.severity_table,
    "service_label": of.a_label,
    "group_by": of.labels,
    "silent_after": of.seconds(60, 30 * 86_400, none=True),
    "signature_header": of.a_header,
    "timestamp_header": of.a_header,
    "signature_skew": of.seconds(1, 86_400),
}


def integration_create(
    *, actor: Actor, now: datetime, slug: object, kind: object, fields: Mapping[str, Any]
) -> tuple[Integration, str]:
    """Store an integration of this kind and return it with its token, which cannot be had again.

    `fields` are those of `CLEANERS`; `name` is needed. Raises `InvalidInput` and `Forbidden`.
    """
    values = of.cleaned({"name": "", **fields}, CLEANERS)
    short = clean_slug(slug, field="slug")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(KINDS)}.")
    with write(actor=actor, now=now):
        require(actor, "integration.manage", _case(actor, values.get("team"), now))
        if Integration.objects.filter(slug=short).exists():
            raise InvalidInput.of("slug", "taken", "Another integration has this short name.")
        integration = Integration(slug=short, kind=kind, created_at=now, updated_at=now, **values)
        _require_whole(integration)
        integration.save(force_insert=True)
        _record(actor, now, "created", integration, {"kind": kind})
        return integration, _token_make(integration, actor, now)


def integration_update(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> Integration:
    """Change fields of an integration and return it; nothing is written where nothing differs.

    Raises `InvalidInput`, `NotFound`, `Forbidden` and `Stale`.
    """
    values = of.cleaned(fields, CLEANERS)
    with write(actor=actor, now=now):
        integration = _locked(slug, actor, now)
        require_version(integration, version)
        changed = sorted(name for name, value in values.items() if getattr(integration, name) != value)
        for name in changed:
            setattr(integration, name, values[name])
        if "team" in changed:
            require(actor, "integration.manage", _case(actor, integration.team, now))
        _require_whole(integration)
        if changed:
            _save(integration, now)
            _record(actor, now, "edited", integration, {"fields": list(changed)})
        return integration


def integration_token_make(*, actor: Actor, now: datetime, slug: str) -> tuple[Integration, str]:
    """Make a further token and return it; two are good at a time, so the oldest of two ends now.

    Raises `NotFound` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        integration = _locked(slug, actor, now)
        live = list(integration.tokens.filter(state=TOKEN.initial).order_by("-id"))
        for token in live[MOST_TOKENS - 1 :]:
            _revoke(token, actor, now)
        return integration, _token_make(integration, actor, now)


def integration_token_revoke(*, actor: Actor, now: datetime, slug: str, token: int) -> Integration:
    """Let a token never work again and return its integration; done already, nothing is written.

    Raises `NotFound` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        integration = _locked(slug, actor, now)
        found = integration.tokens.select_for_update().filter(pk=token).first()
        if found is None:
            raise NotFound("There is no such token.")
        if found.state == TOKEN.initial:
            _revoke(found, actor, now)
        return integration


def integration_signature_renew(*, actor: Actor, now: datetime, slug: str) -> Integration:
    """Let the next secret sign; the one before it stays good until the next time.

    Raises `NotFound`, `Forbidden`, and `Conflict` where nothing is signed.
    """
    with write(actor=actor, now=now):
        integration = _locked(slug, actor, now)
        if not integration.signature_header:
            raise Conflict("Set the header of the signature first.", code="not_signed")
        integration.signature_generation += 1
        _save(integration, now)
        _record(actor, now, "signature_renewed", integration)
        return integration


def integration_switch_off(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> Integration:
    """Take nothing more from an integration, and return it.

    Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    return _switch(actor, now, slug, version, verb="switch_off", event="switched_off")


def integration_switch_on(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None
) -> Integration:
    """Take alerts from an integration again, and return it. Raises as `integration_switch_off`."""
    return _switch(actor, now, slug, version, verb="switch_on", event="switched_on")


def integration_test(*, actor: Actor, now: datetime, slug: str, status: Status = "firing") -> Taken:
    """Send a test alert of the lowest severity on the way of every alert, or end it (`resolved`).

    It is routed, and pages whom such an alert pages. Raises `NotFound`, `Forbidden`, and `Conflict` where
    the integration is switched off.
    """
    with write(actor=actor, now=now):
        integration = _locked(slug, actor, now)
        if integration.state != INTEGRATION.initial:
            raise Conflict("Switch the integration on first.", code="switched_off")
        alert = Arrived(
            fingerprint=TEST_KEY,
            status=status,
            title=f"Test of {integration.name}",
            labels={"alertname": "Test", "integration": integration.slug},
            annotations={"description": "Somebody pressed the test button. Nothing is wrong."},
            severity="sev4",
        )
        _record(actor, now, "tested", integration, {"status": status})
        body = json.dumps({"title": alert.title, "status": status}).encode()
        return arrived_from_the_portal(now=now, integration=integration, alerts=(alert,), body=body)


def portal_integration(now: datetime) -> Integration:
    """Return the integration by which the portal's own alerts come, made where it is missing.

    Inside the caller's write.
    """
    found = Integration.objects.filter(slug="portal", kind=Integration.Kind.PORTAL).first()
    if found is not None:
        return found
    made = Integration(
        slug="portal",
        name="The portal itself",
        kind=Integration.Kind.PORTAL,
        severity="sev2",
        created_at=now,
        updated_at=now,
    )
    made.save(force_insert=True)
    return made


def _switch(
    actor: Actor, now: datetime, slug: str, version: int | None, *, verb: str, event: str
) -> Integration:
    with write(actor=actor, now=now):
        integration = _locked(slug, actor, now)
        require_version(integration, version)
        integration.state = INTEGRATION.move(integration.state, verb)
        _save(integration, now)
        _record(actor, now, event, integration)
        return integration


def _require_whole(integration: Integration) -> None:
    if integration.timestamp_header and not integration.signature_header:
        raise InvalidInput.of(
            "timestamp_header", "alone", "A time is part of a signature: set the header of that as well."
        )


def _token_make(integration: Integration, actor: Actor, now: datetime) -> str:
    secret = new_secret(INTEGRATION_PREFIX)
    token = IntegrationToken(
        integration=integration, prefix=secret[:SHOWN], digest=digest_of(secret), created_at=now
    )
    token.save(force_insert=True)
    _record(actor, now, "token_made", integration, {"token": token.pk})
    return secret


def _revoke(token: IntegrationToken, actor: Actor, now: datetime) -> None:
    token.state = TOKEN.move(token.state, "revoke")
    token.revoked_at = now
    token.save()
    _record(actor, now, "token_revoked", token.integration, {"token": token.pk})


def _locked(slug: str, actor: Actor, now: datetime) -> Integration:
    integration = (
        Integration.objects.select_for_update(of=("self",))
        .select_related("team", "service")
        .filter(slug=slug)
        .exclude(kind=Integration.Kind.PORTAL)
        .first()
    )
    if integration is None:
        raise NotFound("There is no such integration.")
    require(actor, "integration.manage", _case(actor, integration.team, now))
    return integration


def _case(actor: Actor, team: Team | None, now: datetime) -> Any:
    return source_case_of(actor, team.slug if team else "", now.astimezone(UTC).date())


def _save(integration: Integration, now: datetime) -> None:
    integration.version += 1
    integration.updated_at = now
    integration.save()


def _record(
    actor: Actor,
    now: datetime,
    event: str,
    integration: Integration,
    data: Mapping[str, JSON] | None = None,
) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"{KIND}.{event}",
        object_kind=KIND,
        object_key=integration.slug,
        data=data,
    )
