"""Samples that anybody can draw again, from a list that cannot have changed."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.auditing import states
from compliance.auditing.sampling import drawn, is_seed, packed, places, population_hash, unpacked
from compliance.auditing.tables import SEVERITIES, WITHIN, due_days
from opsportal.core.machine import Machine

KEYS = st.lists(st.from_regex(r"[A-Z]{2,4}-[0-9]{1,6}", fullmatch=True), unique=True, max_size=60)
SEEDS = st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True)


def test_known_answers_that_no_version_may_change() -> None:
    assert places("2026-annual", 1_000_000, 6) == [868038, 705015, 408923, 371227, 356817, 782457]
    assert places("12345678", 3, 3) == [0, 2, 1]
    assert population_hash(["CHG-1", "CHG-2"]) == hashlib.sha256(b"CHG-1\nCHG-2\n").hexdigest()
    assert population_hash([]) == hashlib.sha256(b"").hexdigest()


def test_the_first_place_is_what_sha256sum_says() -> None:
    number = int(hashlib.sha256(b"2026-annual:0").hexdigest(), 16)
    assert places("2026-annual", 1_000_000, 1) == [number % 1_000_000]


@given(KEYS, SEEDS, st.integers(0, 70))
def test_a_sample_is_of_the_list_without_repeats_and_the_same_again(
    keys: list[str], seed: str, size: int
) -> None:
    sample = drawn(keys, seed=seed, size=size)
    assert len(sample) == len(set(sample)) == min(size, len(keys))
    assert set(sample) <= set(keys)
    assert sample == drawn(keys, seed=seed, size=size)
    assert sample[: size // 2] == drawn(keys, seed=seed, size=size // 2)[: len(sample)]


@given(KEYS)
def test_a_stored_list_comes_back_with_the_hash_of_its_keys(keys: list[str]) -> None:
    content, digest = packed(keys)
    assert unpacked(content) == (keys, digest)
    assert digest == population_hash(keys)


@given(KEYS.filter(lambda keys: len(keys) > 1))
def test_another_order_or_another_key_is_another_hash(keys: list[str]) -> None:
    assert population_hash(keys) != population_hash(keys[::-1])
    assert population_hash(keys) != population_hash(keys[1:])


def test_every_place_is_drawn_about_as_often() -> None:
    hits = Counter(place for seed in range(2_000) for place in places(f"seed-{seed}", 10, 2))
    assert min(hits.values()) > 300
    assert max(hits.values()) < 500


@pytest.mark.parametrize(
    ("text", "good"),
    [("2026-annual", True), ("short", False), ("x" * 65, False), ("a b c d e", False), ("zwölfzwölf", False)],
)
def test_what_may_be_a_seed(text: str, good: bool) -> None:
    assert is_seed(text) is good


def test_no_negative_sizes() -> None:
    with pytest.raises(ValueError, match="negative"):
        places("seed-seed", 5, -1)


@pytest.mark.parametrize(
    "machine", [states.AUDIT, states.FINDING, states.ACTION, states.REQUEST, states.PROGRAMME]
)
def test_every_state_is_reached(machine: Machine) -> None:
    reached = {machine.initial}
    while more := {to for (here, _), to in machine.moves.items() if here in reached} - reached:
        reached |= more
    assert reached == set(machine.states)


def test_nothing_leads_back_from_the_end() -> None:
    assert not states.AUDIT.verbs("closed")
    assert not states.AUDIT.verbs("cancelled")
    assert not states.ACTION.verbs("verified")
    assert states.FINDING.verbs("closed") == {"reopen"}


def test_graver_findings_are_due_sooner() -> None:
    assert list(WITHIN) == list(SEVERITIES)
    assert [due_days(name) for name in SEVERITIES] == sorted(due_days(name) for name in SEVERITIES)
