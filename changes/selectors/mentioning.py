"""Who may be mentioned in a comment, found while their name is written."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q
from django.db.models.functions import Lower

from changes.mentions import token
from opsportal.accounts.selectors import colleagues

OFFERED = 8


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
