"""Words of the status page."""

from __future__ import annotations

from django import template

from incidents.public_status import IMPACT_WORDS, NOTICE_WORDS

register = template.Library()


@register.filter
def notice_words(state: str) -> str:
    """Return the state of a notice as people read it."""
    return NOTICE_WORDS.get(state, state)


@register.filter
def impact_words(impact: str) -> str:
    """Return how a component stands, as people read it."""
    return IMPACT_WORDS.get(impact, impact)
