"""Full-text search over changes: which fit, the best first, and where in them it stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from changes.mentions import without_tokens
from changes.models import Change, ChangeComment
from changes.search_words import Term, as_fts5, as_tsquery, snippet, terms_of

CONSIDERED = 500
"""The newest of those that fit are ranked, so that a word that stands in everything costs no more."""
_TEXTS = (
    "description",
    "justification",
    "plan",
    "impact",
    "risk_assessment",
    "rollback_plan",
    "test_evidence",
    "review",
    "lessons_learned",
)
# What is passed is always a parameter; the tables are ours.
_FITTING = {
    "postgresql": (
        # As an array, PostgreSQL takes it for few: it looks up what was found, and then sorts. Otherwise it
        # may walk through all changes in order to find the few that fit.
        "SELECT unnest(ARRAY(SELECT change_id FROM changes_searchdocument"
        " WHERE vector @@ to_tsquery('simple', %s)))",
        as_tsquery,
    ),
    "sqlite": ("SELECT rowid FROM changes_search WHERE changes_search MATCH %s", as_fts5),
}
_RANKED = {
    "postgresql": """
        SELECT change_id FROM (
            SELECT change_id, vector FROM changes_searchdocument
            WHERE vector @@ to_tsquery('simple', %s) ORDER BY change_id DESC LIMIT %s
        ) AS newest
        ORDER BY ts_rank(vector, to_tsquery('simple', %s)) DESC, change_id DESC LIMIT %s
    """,
    "sqlite": """
        SELECT rowid FROM changes_search
        WHERE changes_search MATCH %s AND rowid IN (
            SELECT rowid FROM changes_search WHERE changes_search MATCH %s ORDER BY rowid DESC LIMIT %s
        )
        ORDER BY bm25(changes_search, 8.0, 4.0, 1.0), rowid DESC LIMIT %s
    """,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A change that fits, and a piece of its texts: parts, each with whether it is what was looked for."""

    change: Change
    snippet: tuple[tuple[str, bool], ...]


def matching(text: str) -> Q:
    """Return the condition "its words hold all that `text` looks for"; nothing fits a text without words."""
    terms = terms_of(text)
    if not terms:
        return Q(pk__in=[])
    sql, written = _FITTING[connection.vendor]
    return Q(pk__in=RawSQL(sql, [written(terms)]))  # noqa: S611 - a constant, with parameters


def changes_found(text: str, limit: int) -> list[Found]:
    """Return the changes that fit `text`, the best first, at most `limit`. Three queries."""
    terms = terms_of(text)
    if not terms:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RANKED[connection.vendor], _parameters(terms, limit))
        numbers = [row[0] for row in cursor.fetchall()]
    changes = Change.objects.in_bulk(numbers)
    comments: dict[int, list[str]] = {}
    rows = ChangeComment.objects.filter(change_id__in=numbers).order_by("-id")
    for number, said in rows.values_list("change_id", "text")[:CONSIDERED]:
        comments.setdefault(number, []).append(without_tokens(said))
    return [
        Found(
            changes[number],
            snippet([*(getattr(changes[number], name) for name in _TEXTS), *comments.get(number, ())], terms),
        )
        for number in numbers
    ]


def _parameters(terms: tuple[Term, ...], limit: int) -> list[str | int]:
    if connection.vendor == "postgresql":
        query = as_tsquery(terms)
        return [query, CONSIDERED, query, limit]
    query = as_fts5(terms)
    return [query, query, CONSIDERED, limit]
