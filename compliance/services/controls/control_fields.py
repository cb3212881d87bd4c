"""What people and machines write into a control, cleaned and looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compliance.controlling.words import FREQUENCIES, RELATIONS
from compliance.models import Control, Requirement
from compliance.models.controls import CONTROL_PREFIX
from compliance.services.controls.looked_up import (
    Cleaner,
    cleaned_by,
    one_of,
    person,
    strings,
    team_or_none,
    words,
)
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.vocabulary import declared

MAX_TITLE, MAX_DESCRIPTION = 200, 10_000
MAX_MAPPED = 200
PACK, RULE = 60, 120


def clean_control(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields cleaned, with all that they name looked up.

    `owner` is a user's id, `team` a slug; `requirements` are `framework:reference`, `rules` are
    `pack/rule` or the id of a rule of the standard in force, `events` names of the vocabulary, `links`
    tables of `relation` and `control`. Raises `InvalidInput` with an error for each wrong field.
    """
    return cleaned_by(_CLEANERS, fields)


def _requirements(value: object, field: str) -> list[Requirement]:
    names = strings(value, field, most=MAX_MAPPED)
    pairs = [
        (slug.strip(), reference.strip()) for slug, _, reference in (name.partition(":") for name in names)
    ]
    rows = Requirement.objects.filter(
        framework__slug__in={slug for slug, _ in pairs}, reference__in={reference for _, reference in pairs}
    ).select_related("framework")
    found = {(row.framework.slug, row.reference): row for row in rows}
    wrong = [
        FieldError(
            f"/{field}/{index}", "unknown", f"There is no requirement “{names[index][:80]}”; e.g. soc2:CC8.1."
        )
        for index, pair in enumerate(pairs)
        if pair not in found
    ]
    if wrong:
        raise InvalidInput(wrong)
    return list(dict.fromkeys(found[pair] for pair in pairs))


def _rules(value: object, field: str) -> list[tuple[str, str]]:
    """Return (pack, rule id) pairs. A rule of the standard in force may be named by its id alone."""
    standard = active_standard_or_none()
    found: list[tuple[str, str]] = []
    wrong: list[FieldError] = []
    for index, name in enumerate(strings(value, field, most=MAX_MAPPED)):
        pack, has_pack, rule_id = name.rpartition("/")
        rule = standard.rule(rule_id) if standard is not None else None
        if not has_pack and rule is None:
            text = (
                f"The standard in force has no rule “{name[:80]}”. Name its pack, too: baseline/{name[:60]}"
            )
            wrong.append(FieldError(f"/{field}/{index}", "unknown", text))
        elif len(pack) > PACK or len(rule_id) > RULE or (has_pack and not (pack and rule_id)):
            wrong.append(FieldError(f"/{field}/{index}", "not_a_rule", "Write pack/rule."))
        else:
            found.append((pack or (rule.origin if rule else ""), rule_id))
    if wrong:
        raise InvalidInput(wrong)
    return found


def _events(value: object, field: str) -> list[str]:
    names = strings(value, field, most=50, longest=80)
    known = declared().events
    wrong = [
        FieldError(f"/{field}/{index}", "unknown", f"Nothing called “{name}” happens here.")
        for index, name in enumerate(names)
        if name not in known
    ]
    if wrong:
        raise InvalidInput(wrong)
    return names


def _links(value: object, field: str) -> list[tuple[str, Control]]:
    if not isinstance(value, list | tuple) or len(value) > MAX_MAPPED:
        raise InvalidInput.of(field, "not_a_list", f"Must be a list of at most {MAX_MAPPED}.")
    found: list[tuple[str, Control]] = []
    relation_of = one_of(RELATIONS)
    for index, table in enumerate(value):
        if not isinstance(table, Mapping) or set(table) != {"relation", "control"}:
            raise InvalidInput.of(f"{field}/{index}", "not_a_link", "Must be {relation, control}.")
        relation = relation_of(table["relation"], f"{field}/{index}/relation")
        found.append((relation, control_named(table["control"], f"{field}/{index}/control")))
    return found


def control_named(value: object, field: str) -> Control:
    """Return the control that a body names by its key. Raises `InvalidInput`."""
    key = clean_text(value, field=field, max_length=30, required=True, lines=False)
    number = number_of(key, CONTROL_PREFIX)
    found = Control.objects.filter(pk=number).first() if number else None
    if found is None:
        raise InvalidInput.of(field, "unknown", f"There is no control “{key}”.")
    return found


_CLEANERS: Mapping[str, Cleaner] = {
    "title": words(MAX_TITLE, required=True, lines=False),
    "description": words(MAX_DESCRIPTION),
    "owner": person,
    "team": team_or_none,
    "frequency": one_of(FREQUENCIES),
    "requirements": _requirements,
    "rules": _rules,
    "events": _events,
    "links": _links,
}
