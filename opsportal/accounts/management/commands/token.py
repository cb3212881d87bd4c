"""API tokens from the command line: `token create ACCOUNT --scope S …`, `token list`, `token revoke ID`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from opsportal.accounts.models import ApiToken
from opsportal.accounts.scopes import SCOPES
from opsportal.accounts.services import token_create, token_revoke
from opsportal.accounts.services.tokens import DEFAULT_DAYS, MAX_DAYS
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Refusal

ACTOR = Actor.system("command.token")


class Command(BaseCommand):
    """Makes, lists and revokes the tokens of service accounts."""

    help = "Make, list and revoke API tokens of service accounts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the three verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create | list | revoke")
        create = verbs.add_parser("create", help="make a token; it is printed once, alone on standard output")
        create.add_argument("account", help="slug of the service account, which is made where it is missing")
        create.add_argument(
            "--scope",
            action="extend",
            nargs="+",
            required=True,
            metavar="S",
            help=f"what it is good for: {', '.join(SCOPES)}",
        )
        create.add_argument(
            "--expires",
            type=int,
            default=DEFAULT_DAYS,
            metavar="DAYS",
            help=f"how long it lives, 1 to {MAX_DAYS} days (default {DEFAULT_DAYS})",
        )
        listing = verbs.add_parser("list", help="list tokens, without their secrets")
        revoke = verbs.add_parser("revoke", help="let a token never work again")
        revoke.add_argument("id", type=int, help="the number that `token list` shows")
        for verb in (create, listing, revoke):
            verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what the verb says; a refusal goes to standard error, with exit code 1."""
        verb = {"create": self._create, "list": self._list, "revoke": self._revoke}[options["verb"]]
        try:
            verb(options)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None

    def _create(self, options: dict[str, Any]) -> None:
        token, secret = token_create(
            actor=ACTOR,
            now=edge_now(),
            account=options["account"],
            scopes=options["scope"],
            expires_days=options["expires"],
            make_account=True,
        )
        self.stderr.write(
            f"Token {token.pk} of {token.account.slug} for {', '.join(token.scopes)},"
            f" until {token.expires_at:%Y-%m-%d}. It is shown this once."
        )
        self.stdout.write(json.dumps({"token": secret, **_row(token)}) if options["json"] else secret)

    def _list(self, options: dict[str, Any]) -> None:
        rows = [_row(token) for token in ApiToken.objects.select_related("account").order_by("id")]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            state = "revoked" if row["revoked_at"] else f"until {row['expires_at'][:10]}"
            self.stdout.write(
                f"{row['id']}\t{row['account']}\t{row['prefix']}…\t{state}\t{' '.join(row['scopes'])}"
            )

    def _revoke(self, options: dict[str, Any]) -> None:
        token = token_revoke(actor=ACTOR, now=edge_now(), token_id=options["id"])
        if options["json"]:
            self.stdout.write(json.dumps(_row(token)))
        self.stderr.write(f"Token {token.pk} of {token.account.slug} is revoked.")


def _row(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "account": token.account.slug,
        "prefix": token.prefix,
        "scopes": list(token.scopes),
        "expires_at": token.expires_at.isoformat().replace("+00:00", "Z"),
        "revoked_at": token.revoked_at.isoformat().replace("+00:00", "Z") if token.revoked_at else None,
    }
