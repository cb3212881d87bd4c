"""People as others name them: by id or by e-mail address."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from opsportal.accounts.models import User


def persons_named(names: Iterable[object]) -> dict[object, User]:
    """Return who of the house is named by these ids or e-mail addresses, by the name that was given."""
    wanted = {name: str(name).strip().lower() for name in names}
    ids = [found for text in wanted.values() if (found := _uuid(text))]
    mails = [text for text in wanted.values() if "@" in text and text.isprintable() and len(text) < 255]
    rows = User.objects.filter(Q(pk__in=ids) | Q(email__in=mails), is_guest=False)
    people = {key: row for row in rows for key in (str(row.pk), row.email)}
    rows_named = ((name, people.get(str(_uuid(text) or text))) for name, text in wanted.items())
    return {name: row for name, row in rows_named if row is not None}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
