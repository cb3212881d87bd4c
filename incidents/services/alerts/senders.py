"""Who sends: an integration by its own token, or a service account with its bearer token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from incidents.models import Integration, IntegrationToken
from incidents.services.alerts.keys import INTEGRATION_PREFIX, digest_of, is_secret
from incidents.states import INTEGRATION, TOKEN
from opsportal.accounts.models import ServiceAccount
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, Unauthenticated
from opsportal.core.statements import Marks, Statement
from opsportal.core.writes import write

UNKNOWN = "This is not the token of an integration of this portal."
_FIELDS = [field.attname for field in Integration._meta.concrete_fields]


def _by_digest(mark: Marks) -> Any:
    rows = IntegrationToken.objects.filter(digest=mark.text("digest"), state=TOKEN.initial).order_by()
    return rows.values_list(*(f"integration__{name}" for name in _FIELDS))


def _by_account(mark: Marks) -> Any:
    rows = Integration.objects.filter(account__slug=mark.text("account"), kind=mark.text("kind")).order_by()
    return rows.values_list(*_FIELDS)


_BY_DIGEST = Statement(_by_digest)
_BY_ACCOUNT = Statement(_by_account)


def sender_by_token(secret: str) -> tuple[Integration, Actor]:
    """Return the integration with this token, and who acts then. One indexed query.

    Raises `Unauthenticated` where there is none, and `Forbidden` where it is switched off.
    """
    if not (secret.startswith(INTEGRATION_PREFIX) and is_secret(secret)):
        raise Unauthenticated(UNKNOWN)
    row = next(_BY_DIGEST.rows(digest=digest_of(secret)), None)
    if row is None:
        raise Unauthenticated(UNKNOWN)
    integration = Integration.from_db("default", _FIELDS, row)
    _require_on(integration)
    return integration, Actor.system(f"integration.{integration.slug}")


def sender_by_account(*, actor: Actor, now: datetime, account: str, kind: str) -> Integration:
    """Return the integration that stands for what this service account (its slug) sends in this format.

    It is made when the account sends for the first time. Raises `Forbidden`.
    """
    require(actor, "alert.ingest")
    row = next(_BY_ACCOUNT.rows(account=account, kind=kind), None)
    if row is None:
        integration = _made(actor, now, account, kind)
    else:
        integration = Integration.from_db("default", _FIELDS, row)
    _require_on(integration)
    return integration


def _made(actor: Actor, now: datetime, slug: str, kind: str) -> Integration:
    owner = ServiceAccount.objects.select_related("team").get(slug=slug)
    integration = Integration(
        slug=f"{slug[:40]}-{kind}",
        name=f"{slug} ({Integration.Kind(kind).label})",
        kind=kind,
        account=owner,
        team=owner.team,
        created_at=now,
        updated_at=now,
    )
    if Integration.objects.filter(slug=integration.slug).exists():
        integration.slug = f"{slug[:30]}-{kind}-{str(owner.pk)[:8]}"
    try:
        with write(actor=actor, now=now), transaction.atomic():
            integration.save(force_insert=True)
            audit_record(
                actor=actor,
                now=now,
                action="integration.created",
                object_kind="integration",
                object_key=integration.slug,
                data={"kind": kind, "account": str(owner.pk)},
            )
    except IntegrityError:
        # Its first two messages came at the same moment.
        return Integration.objects.get(account=owner, kind=kind)
    return integration


def _require_on(integration: Integration) -> None:
    if integration.state != INTEGRATION.initial:
        raise Forbidden("This integration is switched off.", code="switched_off")
