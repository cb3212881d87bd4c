"""API tokens: made once, kept as a hash, checked by one query."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest

from opsportal.accounts.models import ApiToken
from opsportal.accounts.services import (
    service_account_create,
    service_account_disable,
    service_account_enable,
    token_check,
    token_create,
    token_revoke,
)
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from tests.makers import NOW, ROOT, make_token, make_user
from tests.tables import everything
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


def test_a_secret_has_256_bits_and_only_its_hash_is_kept() -> None:
    token, secret = make_token(["gate:read", "changes:write"], account="ci")
    assert secret.startswith("opk_")
    assert len(secret) == 4 + 43
    assert token.prefix == secret[:12]
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert token.scopes == ["changes:write", "gate:read"]
    assert token.expires_at - NOW == timedelta(days=365)
    assert secret[12:] not in str(everything())


def test_the_digest_is_in_no_history_and_the_audit_entry_tells_the_scopes() -> None:
    token, _ = make_token(["gate:read"], account="ci")
    assert token.digest not in str(everything()["accounts.HistoricalApiToken"])
    entry = AuditEntry.objects.get(action="token.created")
    assert json.loads(bytes(entry.canonical))["data"] == {
        "account": str(token.account_id),
        "token": token.pk,
        "scopes": ["gate:read"],
        "expires_at": token.expires_at.isoformat(),
    }


def test_two_tokens_differ() -> None:
    assert make_token(["gate:read"], account="ci")[1] != make_token(["gate:read"], account="ci")[1]


def test_a_good_token_is_found_with_its_account_by_one_query(django_assert_num_queries: object) -> None:
    token, secret = make_token(["gate:read"], account="ci")
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = token_check(secret, NOW)
        assert found.account.slug == "ci"
    assert found == token
    assert found.actor == Actor.service_account(token.account_id)
    assert found.actor.scopes == frozenset({"gate:read"})


def test_a_token_expires_to_the_instant() -> None:
    token, secret = make_token(["gate:read"], days=1)
    assert token_check(secret, token.expires_at - timedelta(microseconds=1)) == token
    with pytest.raises(Unauthenticated, match="expired"):
        token_check(secret, token.expires_at)


def test_a_revoked_token_works_no_more() -> None:
    token, secret = make_token(["gate:read"])
    token_revoke(actor=ROOT, now=NOW, token_id=token.pk)
    with pytest.raises(Unauthenticated, match="revoked"):
        token_check(secret, NOW)
    with nothing_written():
        token_revoke(actor=ROOT, now=NOW + timedelta(days=1), token_id=token.pk)
    token.refresh_from_db()
    assert token.revoked_at == NOW


def test_no_token_of_a_disabled_account_works_until_it_is_enabled() -> None:
    _, secret = make_token(["gate:read"], account="ci")
    service_account_disable(actor=ROOT, now=NOW, slug="ci")
    with pytest.raises(Unauthenticated, match="disabled"):
        token_check(secret, NOW)
    with refused(Conflict, "disabled"):
        token_create(actor=ROOT, now=NOW, account="ci", scopes=["gate:read"])
    service_account_enable(actor=ROOT, now=NOW, slug="ci")
    assert token_check(secret, NOW).account.slug == "ci"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "opk_",
        "opk_" + "x" * 42,
        "opk_" + "x" * 43,
        "opk_" + "x" * 44,
        "OPK_" + "x" * 43,
        "opk_" + "x" * 42 + "\n",
        "opk_" + "é" * 43,
        "opk_" + "x" * 42 + "\x00",
        "ghp_" + "x" * 43,
        " opk_" + "x" * 43,
    ],
)
def test_what_is_no_token_is_refused(secret: str) -> None:
    make_token(["gate:read"])
    with pytest.raises(Unauthenticated):
        token_check(secret, NOW)


@pytest.mark.parametrize("days", [0, -1, 731, True, 10**9])
def test_a_life_that_is_not_1_to_730_days_is_refused(days: int) -> None:
    service_account_create(actor=ROOT, now=NOW, slug="ci")
    with refused(InvalidInput, "out_of_range"):
        token_create(actor=ROOT, now=NOW, account="ci", scopes=["gate:read"], expires_days=days)


def test_a_token_without_or_with_unknown_scopes_is_refused() -> None:
    service_account_create(actor=ROOT, now=NOW, slug="ci")
    with refused(InvalidInput, "required"):
        token_create(actor=ROOT, now=NOW, account="ci", scopes=[])
    with refused(InvalidInput, "unknown_scope"):
        token_create(actor=ROOT, now=NOW, account="ci", scopes=["gate:write"])


def test_an_unknown_account_or_token_is_not_found() -> None:
    with refused(NotFound):
        token_create(actor=ROOT, now=NOW, account="nobody", scopes=["gate:read"])
    with refused(NotFound):
        token_revoke(actor=ROOT, now=NOW, token_id=0)


def test_only_administrators_make_and_revoke_tokens() -> None:
    token, _ = make_token(["catalog:write", "standards:write"], account="ci")
    person = make_user()
    for actor in (person.actor, token.actor, Actor.anonymous()):
        with refused(Forbidden):
            token_create(actor=actor, now=NOW, account="ci", scopes=["gate:read"])
        with refused(Forbidden):
            token_revoke(actor=actor, now=NOW, token_id=token.pk)
    admin = make_user(staff=True)
    token_revoke(actor=admin.actor, now=NOW, token_id=token.pk)
    assert ApiToken.objects.get().revoked_at == NOW
