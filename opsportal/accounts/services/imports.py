"""People from a CSV file: who they are, their teams, their roles. Nobody is ever removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from opsportal.accounts.models import Role, RoleHolding, Team, TeamMembership, User
from opsportal.accounts.selectors import in_force
from opsportal.accounts.services.periods import utc_day
from opsportal.accounts.services.roles import require_scope, role_grant
from opsportal.accounts.services.teams import team_create, team_join
from opsportal.accounts.services.users import user_create
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.faults import Faults
from opsportal.core.sheets import Line, table_of, text_of
from opsportal.core.writes import row_guarded, write

COLUMNS = ("email", "full_name", "time_zone", "teams", "roles", "administrator")
MAX_ROWS = 5_000
_YES = {"yes", "true", "1", "x"}
_NO = {"", "no", "false", "0"}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person of a file. `roles` are slugs; one that is limited has `@service:slug` or `@team:slug`.

    `faults` are what is wrong with the row's shape; the rest of it is there all the same.
    """

    pointer: str
    email: str
    full_name: str
    time_zone: str
    teams: tuple[str, ...]
    roles: tuple[str, ...]
    administrator: bool
    faults: tuple[FieldError, ...] = ()

    @property
    def is_read(self) -> bool:
        """Return whether there is a person in it at all."""
        return all(fault.pointer != self.pointer for fault in self.faults)


def people_rows(content: bytes) -> list[PersonRow]:
    """Return the people of a CSV file with the columns of `COLUMNS`, of which email and full_name are needed.

    Each has its faults: a wrong line, an address that stands twice. Raises `InvalidInput` for the file
    itself, also where there is nobody in it, or too many.
    """
    lines = table_of(text_of(content), columns=COLUMNS, needed=("email", "full_name"), name="people")
    if not lines or len(lines) > MAX_ROWS:
        raise InvalidInput.of("people", "wrong_number", f"Must be 1 to {MAX_ROWS} people.")
    seen: set[str] = set()
    rows = []
    for line in lines:
        row = _row(line, seen)
        rows.append(row)
        seen.add(row.email)
    return rows


def _row(line: Line, seen: set[str]) -> PersonRow:
    cells, pointer, faults = line.cells, line.pointer, list(line.faults)
    word = cells.get("administrator", "").strip().lower()
    email = cells.get("email", "").strip().lower()
    if word not in _YES | _NO:
        faults.append(FieldError(f"{pointer}/administrator", "unknown", "Must be yes or no."))
    if email and email in seen:
        faults.append(FieldError(f"{pointer}/email", "twice", f"{email} stands in it twice."))
    return PersonRow(
        pointer=pointer,
        email=email,
        full_name=cells.get("full_name", "").strip(),
        time_zone=cells.get("time_zone", "").strip() or "UTC",
        teams=tuple(dict.fromkeys(cells.get("teams", "").split())),
        roles=tuple(dict.fromkeys(cells.get("roles", "").split())),
        administrator=word in _YES,
        faults=tuple(faults),
    )


def people_import(
    *, actor: Actor, now: datetime, rows: Iterable[PersonRow], faults: Faults | None = None
) -> list[User]:
    """Add the people who are not there yet and let all of them join their teams; return the new ones.

    A team that is not there yet is made. Who is there keeps name, zone and rights. All of the rows or
    none. Raises `Forbidden`, and `InvalidInput` with every fault of every row. With `faults` those are
    noted there and the rest is done: the caller has more to look at, and takes all of it back.
    """
    made: list[User] = []
    noted = Faults() if faults is None else faults
    with write(actor=actor, now=now):
        wanted = list(rows)
        _make_teams(actor, now, wanted, noted)
        for row in wanted:
            noted.errors += row.faults
            if row.is_read:
                with row_guarded(row.pointer, noted):
                    made += _person(actor, now, row)
        if faults is None:
            noted.refuse()
    return made


def roles_import(
    *, actor: Actor, now: datetime, rows: Iterable[PersonRow], faults: Faults | None = None
) -> int:
    """Let people hold the roles of their rows from today (UTC) on; return how many holdings are new.

    Roles are those that the standard in force declares; what limits one must be there. All of the rows or
    none. Raises, and takes `faults`, as `people_import`; who is not there because of a fault of their own
    row is not told of again.
    """
    granted = 0
    noted = Faults() if faults is None else faults
    with write(actor=actor, now=now):
        told = {one.pointer.rpartition("/")[0] for one in noted.errors}
        for row in rows:
            user = User.objects.filter(email=row.email).first()
            if user is None and row.is_read and row.pointer not in told:
                words = "There is nobody with this address."
                noted.errors.append(FieldError(f"{row.pointer}/email", "unknown", words))
            for word in row.roles:
                with row_guarded(row.pointer, noted):
                    granted += _granted(actor, now, user, word)
        if faults is None:
            noted.refuse()
    return granted


def _make_teams(actor: Actor, now: datetime, rows: list[PersonRow], noted: Faults) -> None:
    named = {team: row.pointer for row in reversed(rows) for team in row.teams}
    there = set(Team.objects.filter(slug__in=named).values_list("slug", flat=True))
    for slug, pointer in reversed(named.items()):
        if slug in there:
            continue
        with row_guarded(pointer, noted), _told_of("teams", slug):
            team_create(actor=actor, now=now, slug=slug, name=slug.replace("-", " ").capitalize())


@contextmanager
def _told_of(column: str, word: str) -> Iterator[None]:
    """Let a refusal name the column that stands in the file, and which of its words is meant."""
    try:
        yield
    except InvalidInput as refusal:
        raise InvalidInput(
            FieldError(f"/{column}", one.code, f"“{word[:60]}”: {one.detail}") for one in refusal.errors
        ) from None


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
    for team in Team.objects.filter(slug__in=row.teams).values_list("slug", flat=True):
        if not TeamMembership.objects.filter(in_force(today), team__slug=team, user=user).exists():
            team_join(actor=actor, now=now, team=team, user_id=user.pk, valid_from=today)
    return made


def _granted(actor: Actor, now: datetime, user: User | None, word: str) -> bool:
    """Grant what one word of a row names, and return whether that is new. None may hold nothing."""
    role, _, scope = word.partition("@")
    kind, _, key = scope.partition(":")
    if not Role.objects.filter(slug=role).exists():
        raise InvalidInput.of("roles", "unknown_role", f"The standard in force knows no role “{role}”.")
    with _told_of("roles", word):
        require_scope(kind, key)
    today = utc_day(now)
    held = RoleHolding.objects.filter(
        in_force(today), role__slug=role, user=user, scope_kind=kind, scope_key=key
    )
    if user is None or held.exists():
        return False
    role_grant(
        actor=actor,
        now=now,
        role=role,
        user_id=user.pk,
        valid_from=today,
        scope_kind=kind,
        scope_key=key,
    )
    return True
