"""Words of texts and of queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.search_words import (
    MOST_CHARACTERS,
    Term,
    as_fts5,
    as_tsquery,
    searchable,
    snippet,
    terms_of,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rotate the KEY of payments-api, v2.14!", "rotate the key of payments api v2 14"),
        ("Überprüfung STRASSE Straße naïve", "uberprufung strasse strasse naive"),
        ("数据库 upgrade データ", "数 据 库 upgrade テ ー タ"),
        ("snake_case and https://x.example/a?b=c", "snake case and https x example a b c"),
        ("½ ² ﬁne", "12 2 fine"),
        ("🚀 --- \u0301", ""),
        ("'; DROP TABLE x; --", "drop table x"),
    ],
)
def test_a_word_is_letters_and_digits_without_case_and_accents(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("upgr data", [Term(("upgr",), True), Term(("data",), True)]),
        ('"signing key" rot', [Term(("signing", "key"), False), Term(("rot",), True)]),
        ('"never closed', [Term(("never", "closed"), False)]),
        ("payments-api", [Term(("payments", "api"), True)]),
        ("chg-12", [Term(("chg", "12"), False)]),
        ("same SAME", [Term(("same",), True)]),
        ('"" - %', []),
        ("", []),
    ],
)
def test_a_query_is_beginnings_phrases_and_keys(query: str, terms: list[Term]) -> None:
    assert list(terms_of(query)) == terms


def test_a_query_counts_a_few_words() -> None:
    assert sum(len(term.words) for term in terms_of(" ".join(f"w{n}" for n in range(50)))) == 12


def test_queries_are_written_for_both_databases() -> None:
    terms = terms_of('"signing key" rot')
    assert as_tsquery(terms) == "('signing' <-> 'key') & ('rot':*)"
    assert as_fts5(terms) == '"signing key" AND "rot"*'


@given(st.text())
def test_nothing_of_a_query_is_read_as_an_operator(query: str) -> None:
    for term in terms_of(query):
        assert all(word.isalnum() for word in term.words)


def test_a_document_ends_where_it_becomes_too_long() -> None:
    line = searchable(["word " * 60_000, "last"])
    assert len(line) <= MOST_CHARACTERS
    assert line.endswith("word")


def test_a_snippet_marks_what_was_looked_for_and_leaves_the_text_as_it_is() -> None:
    text = "<b>We</b> rotate the Signing  KEY of payments. " + "And so on. " * 40
    parts = snippet(["nothing here", text], terms_of('"signing key" pay'))
    assert [part for part, is_hit in parts if is_hit] == ["Signing  KEY", "payments"]
    assert parts[0] == ("<b>We</b> rotate the ", False)
    assert parts[-1][0].endswith(" …")
    assert snippet(["nothing"], terms_of("pay")) == ()


def test_a_snippet_from_the_middle_begins_at_a_word() -> None:
    text = "before " * 100 + "needle after"
    parts = snippet([text], terms_of("needle"))
    assert parts[0] == ("… ", False)
    assert parts[1][0].startswith("before ")
    assert ("needle", True) in parts


@given(st.text(max_size=300), st.text(max_size=20))
def test_the_parts_of_a_snippet_are_a_piece_of_the_text(text: str, query: str) -> None:
    whole = "".join(part for part, _ in snippet([text], terms_of(query)))
    assert whole.removeprefix("… ").removesuffix(" …") in text
