"""Rules in plain words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from opsportal.standards.language import compile_expression
from opsportal.standards.shipped import shipped_names, shipped_standard
from opsportal.standards.vocabulary import Vocabulary
from opsportal.standards.wording import condition_in_words, demand_in_words, duration_in_words
from tests.vocabulary import DECLARATIONS

VOCABULARY = Vocabulary.of(DECLARATIONS)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ('change.type == "normal"', "the type of the change is normal"),
        (
            'change.type != "standard" and change.risk in ["medium", "high"]',
            "the type of the change is not standard and the risk of the change is one of medium or high",
        ),
        (
            "change.production and (not change.has_window or change.lead_time >= 24h)",
            "the change touches production and (it is not so that the change has a window"
            " or the time between submission and the start of the window is at least 24 hours)",
        ),
        (
            'change.service_tiers contains "critical"',
            "the tiers of the services that the change names include critical",
        ),
        (
            '"critical" in change.service_tiers',
            "the tiers of the services that the change names include critical",
        ),
        ("filled(change.rollback_plan)", "the rollback plan of the change is filled in"),
        ("change.has_window == false", "it is not so that the change has a window"),
        ('not (change.risk == "low")', "it is not so that the risk of the change is low"),
        ("false", "never"),
        ('change.state == "rolled_back"', "the state of the change is rolled back"),
        ("change.window_length < 2w", "the length of the window is below 14 days"),
    ],
)
def test_a_condition_is_told_in_words(condition: str, words: str) -> None:
    compiled = compile_expression(condition, VOCABULARY.facts, elsewhere=VOCABULARY.facts)
    assert condition_in_words(compiled) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=48), "48 hours"),
        (timedelta(days=5), "5 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(), "no time"),
    ],
)
def test_a_length_of_time_is_told_in_words(length: timedelta, words: str) -> None:
    assert duration_in_words(length) == words


@pytest.mark.parametrize(
    ("pack", "rule", "words"),
    [
        ("baseline", "request-plan", "The implementation plan must be filled in."),
        (
            "baseline",
            "normal-technical-review",
            "Stage 1, Technical review: one holder of the role Technical Reviewer must approve;"
            " the role may be held for one of the services, or its team, alone; one reject ends it.",
        ),
        (
            "acgs",
            "emergency-approval",
            "Stage 1, Emergency approval: one holder of the role CTO or VP Engineering must approve;"
            " one reject ends it.",
        ),
        (
            "baseline",
            "emergency-retrospective",
            "Change Advisory Board owes within 48 hours: Approve or reject the emergency change in"
            " retrospect; reminded 24 hours and 4 hours before; when late, it goes to Engineering Manager;"
            " it must be met when a change is closed.",
        ),
        (
            "aielon",
            "normal-board",
            "Stage 3, Change Advisory Board: the majority of the Change Advisory Board must approve;"
            " one reject ends it.",
        ),
        (
            "aielon",
            "emergency-board",
            "Stage 1, Change Advisory Board, fast track: one member of the Change Advisory Board"
            " must approve; one reject ends it.",
        ),
        ("aielon", "rollout-steps", "It goes up in these steps: 10 % → 50 % → 100 %."),
        (
            "acgs",
            "hash-validation",
            "The pipeline must have validated the policy hash cdd01ef066bc6cf2.",
        ),
        ("acgs", "production-approval", "An approved change must stand behind it."),
        ("aielon", "rollback-error-rate", "The pipeline is told to roll back."),
    ],
)
def test_a_demand_is_told_in_words(pack: str, rule: str, words: str) -> None:
    standard = shipped_standard(pack, VOCABULARY)
    found = standard.rule(rule)
    assert found is not None
    assert demand_in_words(found, standard) == words


@pytest.mark.parametrize("pack", shipped_names())
def test_every_rule_of_a_shipped_pack_has_words(pack: str) -> None:
    standard = shipped_standard(pack, VOCABULARY)
    for rule in standard.rules:
        words = demand_in_words(rule, standard) + (condition_in_words(rule.when) if rule.when else "")
        assert "==" not in words
        assert "_" not in re.sub("“[^”]*”", "", words), rule.id
