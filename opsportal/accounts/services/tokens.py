"""API tokens of service accounts. A secret exists once: in the answer to the call that made it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from opsportal.accounts.models import ApiToken, ServiceAccount
from opsportal.accounts.scopes import clean_scopes
from opsportal.accounts.services.rows import record
from opsportal.accounts.services.service_accounts import locked_account, service_account_create
from opsportal.audit.canonical import JSON
from opsportal.core import secrecy
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from opsportal.core.statements import Statement
from opsportal.core.writes import write

PREFIX = secrecy.BEARER
DEFAULT_DAYS = 365
MAX_DAYS = 730
_SECRET_BYTES = 32
_SHOWN = 12
_TOKEN = [field.attname for field in ApiToken._meta.concrete_fields]
_ACCOUNT = [field.attname for field in ServiceAccount._meta.concrete_fields]
# Every call of the API asks this.
_BY_DIGEST = Statement(
    lambda mark: (
        ApiToken.objects.filter(digest=mark.text("digest"))
        .order_by()
        .values_list(*_TOKEN, *(f"account__{name}" for name in _ACCOUNT))
    )
)
_FORM = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


def token_create(
    *,
    actor: Actor,
    now: datetime,
    account: str,
    scopes: Iterable[str],
    expires_days: int = DEFAULT_DAYS,
    make_account: bool = False,
) -> tuple[ApiToken, str]:
    """Store a new token of the service account with this slug; return it and its secret.

    The secret is `opk_` and 256 random bits; it cannot be had again. With `make_account` the account
    is made where it is missing. Raises `NotFound`, `Forbidden`,
    `InvalidInput` (a scope that does not exist, a life that is not 1 to 730 days), and `Conflict`
    ("disabled").
    """
    with write(actor=actor, now=now):
        if make_account:
            service_account_create(actor=actor, now=now, slug=account)
        row = locked_account(account)
        require(actor, "accounts.administer")
        if row.state != "active":
            raise Conflict("This service account is disabled; enable it first.", code="disabled")
        if isinstance(expires_days, bool) or not 1 <= expires_days <= MAX_DAYS:
            raise InvalidInput.of("expires_days", "out_of_range", f"A token lives 1 to {MAX_DAYS} days.")
        secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        token = ApiToken.objects.create(
            account=row,
            prefix=secret[:_SHOWN],
            digest=_digest(secret),
            scopes=clean_scopes(scopes),
            created_at=now,
            expires_at=now + timedelta(days=expires_days),
        )
        _record(actor, now, "token.created", token)
        return token, secret


def token_revoke(*, actor: Actor, now: datetime, token_id: int) -> ApiToken:
    """Let a token never work again, and return it; done already, nothing is written.

    Raises `NotFound`, `Forbidden`.
    """
    with write(actor=actor, now=now):
        token = (
            ApiToken.objects.select_for_update(of=("self",))
            .select_related("account")
            .filter(pk=token_id)
            .first()
        )
        if token is None:
            raise NotFound("There is no such token.")
        require(actor, "accounts.administer")
        if token.revoked_at is None:
            token.revoked_at = now
            token.save()
            _record(actor, now, "token.revoked", token)
        return token


def token_check(secret: str, now: datetime) -> ApiToken:
    """Return the token with this secret, and its account, by one indexed query.

    Raises `Unauthenticated` where there is none, or it is expired or revoked, or its account is
    disabled; the message does not tell a guesser which secrets ever existed.
    """
    if not _FORM.fullmatch(secret):
        raise Unauthenticated("This is not an API token of this portal.")
    row = next(_BY_DIGEST.rows(digest=_digest(secret)), None)
    if row is None:
        raise Unauthenticated("This is not an API token of this portal.")
    token = ApiToken.from_db("default", _TOKEN, row[: len(_TOKEN)])
    token.account = ServiceAccount.from_db("default", _ACCOUNT, row[len(_TOKEN) :])
    if token.revoked_at is not None:
        raise Unauthenticated("This token was revoked.")
    if not token.is_usable(now):
        raise Unauthenticated("This token has expired.")
    if token.account.state != "active":
        raise Unauthenticated("The service account of this token is disabled.")
    return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _record(actor: Actor, now: datetime, action: str, token: ApiToken) -> None:
    data: dict[str, JSON] = {
        "account": str(token.account_id),
        "token": token.pk,
        "scopes": list(token.scopes),
        "expires_at": token.expires_at.isoformat(),
    }
    record(actor=actor, now=now, action=action, kind="service_account", key=token.account.slug, data=data)
