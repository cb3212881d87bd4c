"""People as forms name them: by name where that is unique, else by e-mail address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Lower

from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues


def words_for(people: Iterable[str]) -> dict[str, str]:
    """Return what each person (by id) is called in a form; somebody unknown by their id."""
    wanted = set(people)
    rows = list(User.objects.filter(pk__in=wanted))
    names = [row.full_name.lower() for row in rows]
    same = Counter(
        colleagues().annotate(low=Lower("full_name")).filter(low__in=names).values_list("low", flat=True)
    )
    found = {person: person for person in wanted}
    for row in rows:
        is_plain = same[row.full_name.lower()] == 1 and "," not in row.full_name and row.full_name.strip()
        found[str(row.pk)] = row.full_name if is_plain else row.email
    return found


def ids_of(words: Iterable[str]) -> dict[str, str]:
    """Return the id of each active person who is named by address or by a name that only they have.

    By the words as they were typed; whoever is not found is left out.
    """
    wanted = {word: word.strip().lower() for word in words if word.strip()}
    rows = (
        colleagues()
        .annotate(low=Lower("full_name"))
        .filter(Q(low__in=wanted.values()) | Q(email__in=wanted.values()))
        .values_list("pk", "low", "email")
    )
    by_word: dict[str, set[str]] = {}
    for pk, name, email in rows:
        by_word.setdefault(name, set()).add(str(pk))
        by_word.setdefault(email, set()).add(str(pk))
    return {
        word: next(iter(found)) for word, low in wanted.items() if len(found := by_word.get(low, set())) == 1
    }
