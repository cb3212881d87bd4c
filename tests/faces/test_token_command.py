"""`manage.py token`."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from opsportal.accounts.models import ApiToken, ServiceAccount
from opsportal.accounts.services import token_check
from opsportal.audit.models import AuditEntry
from opsportal.core.clock import edge_now
from opsportal.core.errors import Unauthenticated
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("token", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def test_a_token_stands_alone_on_standard_output_and_works() -> None:
    out, err = run("create", "ci", "--scope", "gate:read", "deployments:write", "--scope", "changes:read")
    secret = out.removesuffix("\n")
    assert "\n" not in secret
    token = token_check(secret, edge_now())
    assert (token.account.slug, token.scopes) == ("ci", ["changes:read", "deployments:write", "gate:read"])
    assert secret not in err
    assert (token.expires_at - token.created_at).days == 365
    assert AuditEntry.objects.get(action="token.created").actor_id == "command.token"


def test_a_second_call_makes_a_second_token_of_the_same_account() -> None:
    first, _ = run("create", "ci", "--scope", "gate:read")
    second, _ = run("create", "ci", "--scope", "gate:read", "--expires", "30")
    assert first != second
    assert ServiceAccount.objects.count() == 1
    assert ApiToken.objects.count() == 2


def test_json_names_everything() -> None:
    out, _ = run("create", "ci", "--scope", "gate:read", "--expires", "1", "--json")
    told = json.loads(out)
    token = ApiToken.objects.get()
    assert token_check(told["token"], edge_now()) == token
    assert {name: told[name] for name in ("id", "account", "prefix", "scopes", "revoked_at")} == {
        "id": token.pk,
        "account": "ci",
        "prefix": told["token"][:12],
        "scopes": ["gate:read"],
        "revoked_at": None,
    }
    assert told["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "ci", "--scope", "gate:write"),
        ("create", "ci", "--scope", "gate:read", "--expires", "0"),
        ("create", "ci", "--scope", "gate:read", "--expires", "731"),
        ("create", "C I", "--scope", "gate:read"),
        ("create", "ci"),
        ("create", "ci", "--scope"),
        ("create",),
        ("revoke", "99"),
        ("revoke", "x"),
        ("nonsense",),
        (),
    ],
)
def test_a_wrong_call_is_refused_and_makes_no_account(arguments: tuple[str, ...]) -> None:
    with nothing_written(), pytest.raises(CommandError):
        run(*arguments)


def test_tokens_are_listed_without_secrets_and_revoked() -> None:
    secret = run("create", "ci", "--scope", "gate:read")[0].strip()
    pk = str(ApiToken.objects.get().pk)
    listed: list[dict[str, Any]] = json.loads(run("list", "--json")[0])
    assert [row["account"] for row in listed] == ["ci"]
    assert secret[12:] not in run("list")[0]
    out, err = run("revoke", pk)
    assert (out, "revoked" in err) == ("", True)
    with pytest.raises(Unauthenticated):
        token_check(secret, edge_now())
    with nothing_written():
        run("revoke", pk)
