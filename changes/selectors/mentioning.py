"""Who may be mentioned in a comment, found while their name is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from django.db.models import Q
from django.db.models.functions import Lower

from changes.mentions import group_names, token
from opsportal.accounts.models import Role, Team
from opsportal.accounts.selectors import colleagues, holders_of, members_of

OFFERED = 8
GROUPS_OFFERED = 4


def group_slugs() -> list[tuple[str, str]]:
    """Return kind (`team` or `board`) and slug of every group that can be mentioned. Two queries."""
    boards = Role.objects.filter(kind=Role.Kind.BOARD)
    return [
        *(("team", slug) for slug in Team.objects.order_by("slug").values_list("slug", flat=True)),
        *(("board", slug) for slug in boards.order_by("slug").values_list("slug", flat=True)),
    ]


def members_mentioned(groups: Iterable[tuple[str, str]], on: date) -> list[str]:
    """Return the ids of the people of the house who belong to these groups on that day, each once."""
    found: dict[str, None] = {}
    for kind, slug in groups:
        members = members_of(slug, on) if kind == "team" else holders_of(slug, on)
        found |= dict.fromkeys(str(pk) for pk in members.values_list("pk", flat=True))
    return list(found)


def groups_to_mention(text: str) -> list[dict[str, str]]:
    """Return up to 4 teams and boards whose slug, or a word of whose name, begins with `text`.

    `insert` is what stands after the @, as for `people_to_mention`. Three queries at most.
    """
    wanted = text.strip().lower()
    if not wanted:
        return []
    teams = [("team", *row) for row in Team.objects.values_list("slug", "name")]
    boards = Role.objects.filter(kind=Role.Kind.BOARD).values_list("slug", "title")
    groups = [*teams, *(("board", *row) for row in boards)]
    fitting = [one for one in groups if f" {one[2].lower()} {one[1]}".find(f" {wanted}") >= 0][
        :GROUPS_OFFERED
    ]
    people = colleagues().annotate(low=Lower("full_name")).filter(low__in={slug for _, slug, _ in fitting})
    borne = list(people.values_list("low", flat=True)) if fitting else []
    free = Counter(slug for _, slug in group_names([(kind, slug) for kind, slug, _ in groups], borne))
    return [
        {
            "name": f"{name} ({kind})",
            "insert": slug if free[slug] == 1 else token(f"{kind}:{slug}").removeprefix("@"),
        }
        for kind, slug, name in fitting
    ]


def people_to_mention(text: str) -> list[dict[str, str]]:
    """Return up to 8 people of the house a word of whose name begins with `text`, by name.

    `insert` is what stands after the @: the name, or the id in braces where several bear the name. Two
    queries at most, none without text.
    """
    wanted = text.strip().lower()
    if not wanted:
        return []
    rows = colleagues().annotate(low=Lower("full_name"))
    rows = rows.filter(Q(low__startswith=wanted) | Q(low__contains=f" {wanted}"))
    found = list(rows.order_by("full_name", "pk").values_list("pk", "full_name")[:OFFERED])
    names = {name.lower() for _, name in found}
    borne = Counter(
        colleagues().annotate(low=Lower("full_name")).filter(low__in=names).values_list("low", flat=True)
        if names
        else ()
    )
    return [
        {
            "name": name,
            "insert": name if borne[name.lower()] == 1 else token(str(pk)).removeprefix("@"),
        }
        for pk, name in found
    ]
