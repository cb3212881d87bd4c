"""A standard as its page and its API tell it: grouped by what is governed, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opsportal.standards.answers import Escalation, Trigger
from opsportal.standards.rules import Owe, Rule, Source, Stage, Standard
from opsportal.standards.standing import Recur
from opsportal.standards.wording import (
    condition_in_words,
    demand_in_words,
    duration_in_words,
    told_in_words,
)

OMISSION = " / "
Pages = Mapping[str, str]
"""The paths of the pages of documents, by their names."""
NO_PAGES: Pages = {}


@dataclass(frozen=True, slots=True)
class Quotation:
    """A source sentence, in the parts between which something was left out. `url` leads to its line."""

    source: Source
    parts: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule, and how people read it. `when` is "" where it always applies at its place."""

    rule: Rule
    place: str
    when: str
    demand: str
    quotations: tuple[Quotation, ...]


@dataclass(frozen=True, slots=True)
class EscalationWords:
    """Whom the silence on incidents of a severity tells: pairs of a time and names."""

    escalation: Escalation
    steps: tuple[tuple[str, str], ...]
    lapse: str
    quotations: tuple[Quotation, ...]


@dataclass(frozen=True, slots=True)
class TriggerWords:
    """What is done by itself: `when` as a clause, the actions in their order with whom each tells."""

    trigger: Trigger
    when: str
    lasting: str
    timeout: str
    actions: tuple[tuple[str, str], ...]
    quotations: tuple[Quotation, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The rules about one thing. `slug` is its anchor on the page."""

    slug: str
    title: str
    rules: tuple[RuleWords, ...]


def words_of(rule: Rule, standard: Standard, pages: Pages = NO_PAGES) -> RuleWords:
    """Return the rule with its words."""
    return RuleWords(
        rule,
        place_in_words(rule, standard),
        condition_in_words(rule.when) if rule.when else "",
        demand_in_words(rule, standard),
        tuple(quotation(source, pages) for source in (rule.source, *rule.also)),
    )


def place_in_words(rule: Rule, standard: Standard) -> str:
    """Return when the rule is asked: "When a change is scheduled, or when …"."""
    titles = [_title(place, standard) for place in rule.applies_to]
    text = ", or ".join(titles)
    return text[:1].upper() + text[1:]


def quotation(source: Source, pages: Pages = NO_PAGES) -> Quotation:
    """Return a source with its quotation in parts, and a link to its line where its document has a page."""
    page = pages.get(source.document)
    url = f"{page}#line-{source.line}" if page else ""
    return Quotation(source, tuple(source.quote.split(OMISSION)), url)


def groups_of(standard: Standard, pages: Pages = NO_PAGES) -> tuple[Group, ...]:
    """Return all rules in groups: what is asked at each point, who decides there, what is owed and recurs."""
    groups: list[Group] = []
    for name, point in standard.vocabulary.points.items():
        here = [rule for rule in standard.rules if rule.applies_to[0] == name]
        slug = name.replace(".", "-")
        title = point.title[:1].upper() + point.title[1:]
        others = (rule for rule in here if not isinstance(rule.demand, Stage))
        groups += _group(slug, title, (words_of(rule, standard, pages) for rule in others))
        groups += _group(
            f"{slug}-who",
            f"Who decides {point.title}",
            (
                words_of(rule, standard, pages)
                for rule in _in_order([rule for rule in here if isinstance(rule.demand, Stage)])
            ),
        )
    owed = (words_of(rule, standard, pages) for rule in standard.rules if isinstance(rule.demand, Owe))
    recurring = (words_of(rule, standard, pages) for rule in standard.rules if isinstance(rule.demand, Recur))
    return (
        *groups,
        *_group("owed", "What is owed, and by when", owed),
        *_group("recurring", "What has to happen again and again", recurring),
    )


def escalations_of(standard: Standard, pages: Pages = NO_PAGES) -> tuple[EscalationWords, ...]:
    """Return whom silence tells, by severity."""
    return tuple(
        EscalationWords(
            one,
            tuple(
                (
                    f"after {duration_in_words(step.after)}" if step.after else "at once",
                    ", ".join(told_in_words(who, standard) for who in step.who),
                )
                for step in one.steps
            ),
            duration_in_words(one.lapse) if one.lapse else "",
            tuple(quotation(source, pages) for source in (one.source, *one.also)),
        )
        for one in standard.escalations
    )


def triggers_of(standard: Standard, pages: Pages = NO_PAGES) -> tuple[TriggerWords, ...]:
    """Return what is done by itself, and when."""
    return tuple(
        TriggerWords(
            one,
            condition_in_words(one.when),
            duration_in_words(one.lasting) if one.lasting else "",
            duration_in_words(one.timeout),
            tuple(
                (
                    action.id.replace("_", " "),
                    ", ".join(told_in_words(who, standard) for who in action.tell),
                )
                for action in one.actions
            ),
            tuple(quotation(source, pages) for source in (one.source, *one.also)),
        )
        for one in standard.triggers
    )


def _in_order(stages: list[Rule]) -> list[Rule]:
    """Return the stages that are asked for together one after the other, in the order of deciding."""
    first: dict[str, int] = {}
    for number, rule in enumerate(stages):
        first.setdefault(_condition(rule), number)
    return sorted(
        stages,
        key=lambda rule: (
            first[_condition(rule)],
            rule.demand.order if isinstance(rule.demand, Stage) else 0,
        ),
    )


def _condition(rule: Rule) -> str:
    return rule.when.text if rule.when else ""


def _group(slug: str, title: str, rules: Iterable[RuleWords]) -> list[Group]:
    words = tuple(rules)
    return [Group(slug, title, words)] if words else []


def _title(place: str, standard: Standard) -> str:
    if place in standard.vocabulary.points:
        return standard.vocabulary.points[place].title
    return f"when {standard.vocabulary.events[place].title}"
