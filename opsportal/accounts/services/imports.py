"""People from a CSV file: who they are, their teams, their roles. Nobody is ever removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from opsportal.accounts.models import Role, RoleHolding, Team, TeamMembership, User
from opsportal.accounts.selectors import in_force
from opsportal.accounts.services.periods import utc_day
from opsportal.accounts.services.roles import role_grant
from opsportal.accounts.services.teams import team_create, team_join
from opsportal.accounts.services.users import user_create
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, Refusal
from opsportal.core.sheets import table_of, text_of
from opsportal.core.writes import write

COLUMNS = ("email", "full_name", "time_zone", "teams", "roles", "administrator")
MAX_ROWS = 5_000
_YES = {"yes", "true", "1", "x"}
_NO = {"", "no", "false", "0"}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person of a file. `roles` are slugs; one that is limited has `@service:slug` or `@team:slug`."""

    pointer: str
    email: str
    full_name: str
    time_zone: str
    teams: tuple[str, ...]
    roles: tuple[str, ...]
    administrator: bool


def people_rows(content: bytes) -> list[PersonRow]:
    """Return the people of a CSV file with the columns of `COLUMNS`, of which email and full_name are needed.

    Raises `InvalidInput` with a pointer for each wrong line, for an address that stands twice, for too many.
    """
    lines = table_of(text_of(content), columns=COLUMNS, needed=("email", "full_name"), name="people")
    if not lines or len(lines) > MAX_ROWS:
        raise InvalidInput.of("people", "wrong_number", f"Must be 1 to {MAX_ROWS} people.")
    rows: list[PersonRow] = []
    seen: set[str] = set()
    errors: list[FieldError] = []
    for index, cells in enumerate(lines):
        try:
            row = _row(f"/people/{index}", cells)
        except InvalidInput as refusal:
            errors += refusal.errors
            continue
        rows.append(row)
        if row.email in seen:
            errors.append(FieldError(f"{row.pointer}/email", "twice", f"{row.email} stands in it twice."))
        seen.add(row.email)
    if errors:
        raise InvalidInput(errors)
    return rows


def _row(pointer: str, cells: dict[str, str]) -> PersonRow:
    word = cells.get("administrator", "").strip().lower()
    if word not in _YES | _NO:
        raise InvalidInput([FieldError(f"{pointer}/administrator", "unknown", "Must be yes or no.")])
    return PersonRow(
        pointer=pointer,
        email=cells["email"].strip().lower(),
        full_name=cells["full_name"].strip(),
        time_zone=cells.get("time_zone", "").strip() or "UTC",
        teams=tuple(dict.fromkeys(cells.get("teams", "").split())),
        roles=tuple(dict.fromkeys(cells.get("roles", "").split())),
        administrator=word in _YES,
    )


def people_import(*, actor: Actor, now: datetime, rows: Iterable[PersonRow]) -> list[User]:
    """Add the people who are not there yet and let all of them join their teams; return the new ones.

    A team that is not there yet is made. Who is there keeps name, zone and rights. All of the rows or
    none. Raises `Forbidden`, and `InvalidInput` with a pointer for each wrong row.
    """
    made: list[User] = []
    with write(actor=actor, now=now):
        wanted = list(rows)
        for slug in dict.fromkeys(team for row in wanted for team in row.teams):
            if not Team.objects.filter(slug=slug).exists():
                team_create(actor=actor, now=now, slug=slug, name=slug.replace("-", " ").capitalize())
        _each(wanted, lambda row: made.extend(_person(actor, now, row)))
    return made


def roles_import(*, actor: Actor, now: datetime, rows: Iterable[PersonRow]) -> int:
    """Let people hold the roles of their rows from today (UTC) on; return how many holdings are new.

    Roles are those that the standard in force declares; what limits one must be there. All of the rows or
    none. Raises `Forbidden`, and `InvalidInput` with a pointer for each wrong row.
    """
    granted: list[RoleHolding] = []
    with write(actor=actor, now=now):
        _each(list(rows), lambda row: granted.extend(_roles(actor, now, row)))
    return len(granted)


def _each(rows: list[PersonRow], step: Callable[[PersonRow], Any]) -> None:
    errors: list[FieldError] = []
    for row in rows:
        try:
            with transaction.atomic():
                step(row)
        except InvalidInput as refusal:
            errors += [FieldError(f"{row.pointer}{e.pointer}", e.code, e.detail) for e in refusal.errors]
        except Refusal as refusal:
            errors.append(FieldError(row.pointer, refusal.code, refusal.detail))
    if errors:
        raise InvalidInput(errors)


def _person(actor: Actor, now: datetime, row: PersonRow) -> list[User]:
    user = User.objects.filter(email=row.email).first()
    made = []
    if user is None:
        user = user_create(
            actor=actor,
            now=now,
            email=row.email,
            full_name=row.full_name,
            time_zone=row.time_zone,
            is_staff=row.administrator,
        )
        made.append(user)
    today = utc_day(now)
    for team in row.teams:
        if not TeamMembership.objects.filter(in_force(today), team__slug=team, user=user).exists():
            team_join(actor=actor, now=now, team=team, user_id=user.pk, valid_from=today)
    return made


def _roles(actor: Actor, now: datetime, row: PersonRow) -> list[RoleHolding]:
    user = User.objects.filter(email=row.email).first()
    if user is None:
        raise InvalidInput.of("email", "unknown", "There is nobody with this address.")
    today = utc_day(now)
    granted = []
    for word in row.roles:
        role, _, scope = word.partition("@")
        kind, _, key = scope.partition(":")
        if not Role.objects.filter(slug=role).exists():
            raise InvalidInput.of("roles", "unknown_role", f"The standard in force knows no role “{role}”.")
        held = RoleHolding.objects.filter(
            in_force(today), role__slug=role, user=user, scope_kind=kind, scope_key=key
        )
        if not held.exists():
            granted.append(
                role_grant(
                    actor=actor,
                    now=now,
                    role=role,
                    user_id=user.pk,
                    valid_from=today,
                    scope_kind=kind,
                    scope_key=key,
                )
            )
    return granted
