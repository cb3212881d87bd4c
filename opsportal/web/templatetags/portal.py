"""Template tags of every page: `{% load portal %}`. How to use them stands in templates/base.html."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms, template
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from opsportal.core.actor import ActorKind
from opsportal.core.lengths import length_in_words
from opsportal.web import looks, times
from opsportal.web.markdown import rendered, rendered_document
from opsportal.web.navigation import PLACES
from opsportal.web.panels import rendered_panels
from opsportal.web.people import person_of
from opsportal.web.requests import now_of

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw the icon `name` of our sprite; with `label` it speaks, without it is decoration."""
    address = f"{static('opsportal/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="op-icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, address
        )
    return format_html(
        '<svg class="op-icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', address
    )


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | date | None, missing: str = "–") -> SafeString | str:
    """Show an instant in the reader's zone with UTC beside it; `missing` where there is none."""
    if moment is None or moment == "":
        return missing
    if not isinstance(moment, datetime):
        return format_html(
            '<time datetime="{}">{} {}</time>', moment.isoformat(), moment.day, f"{moment:%b %Y}"
        )
    zone = timezone.get_current_timezone()
    return format_html(
        '<time class="op-when" datetime="{}" title="{}">{} <span class="op-utc">{}</span></time>',
        times.iso(moment),
        times.whole_day(moment, zone),
        times.wall_clock(moment, zone, now=_now(context)),
        times.utc_beside(moment, zone),
    )


@register.simple_tag(takes_context=True)
def relative(context: Context, moment: datetime | None, missing: str = "–") -> SafeString | str:
    """Show how far away an instant is ("in 3 h"); the exact time is in its tooltip."""
    if moment is None or moment == "":
        return missing
    zone = timezone.get_current_timezone()
    now = _now(context)
    exact = f"{times.wall_clock(moment, zone, now=now)} {times.utc_beside(moment, zone)}"
    return format_html(
        '<time class="op-when" datetime="{}" title="{}">{}</time>',
        times.iso(moment),
        exact,
        times.relative(moment, now),
    )


@register.filter
def span(length: timedelta | None) -> str:
    """Show a length of time: "3 h", "1 d 12 h"."""
    return length_in_words(length) if length is not None else "–"


@register.filter
def span_taken(length: timedelta | None) -> str:
    """Show a time that was taken, or lost, beside its target: rounded up, never better than it was."""
    return length_in_words(length, up=True) if length is not None else "–"


@register.simple_tag
def state_badge(word: object, label: str = "", tone: str = "") -> SafeString:
    """Show a state as a badge: always words, with the colour that `opsportal.web.looks` gives."""
    return format_html(
        '<span class="op-badge op-tone-{}">{}</span>',
        tone or looks.tone_of(word),
        label or looks.words_of(word),
    )


@register.filter
def tone(word: object) -> str:
    """Return the tone of a state's word, for class names: `op-tone-{{ word|tone }}`."""
    return looks.tone_of(word)


@register.filter
def words(word: object) -> str:
    """Return a state's word as people read it."""
    return looks.words_of(word)


@register.inclusion_tag("components/person.html", takes_context=True)
def person(context: Context, kind: str, identifier: object, plain: bool = False) -> dict[str, Any]:
    """Show somebody by kind and opaque id. The view calls `remember_people` first, for one query in all."""
    return {"person": person_of(_request(context), kind, identifier), "plain": plain}


@register.inclusion_tag("components/person.html", takes_context=True)
def user(
    context: Context, identifier: object, plain: bool = False, missing: str = "Nobody yet"
) -> dict[str, Any]:
    """Show a user by id, `missing` where there is none."""
    if not identifier:
        return {"person": None, "missing": missing}
    return {"person": person_of(_request(context), ActorKind.USER, identifier), "plain": plain}


@register.simple_tag(takes_context=True)
def markdown(context: Context, text: str) -> SafeString:
    """Show Markdown that people wrote, with the names of whom it mentions (which the view has remembered)."""
    return rendered(text, lambda identifier: _mentioned(_request(context), identifier), _page_of)


@register.simple_tag(takes_context=True)
def document(context: Context, text: str) -> SafeString:
    """Show a whole document in Markdown, with its headings, in a card that has a heading of its own."""
    return rendered_document(text, lambda identifier: _mentioned(_request(context), identifier), _page_of)


def _mentioned(request: HttpRequest, identifier: str) -> str:
    """Return the name of whom a mention is of: a person by id, `team:<slug>` or `board:<slug>`."""
    kind, _, key = identifier.rpartition(":")
    return person_of(request, _KINDS[kind], key).name


def _page_of(identifier: str) -> str:
    kind, _, slug = identifier.rpartition(":")
    if kind == "team":
        return reverse("accounts:team", args=[slug])
    return f"{reverse('accounts:boards')}#{slug}" if kind == "board" else ""


_KINDS: dict[str, str] = {"": ActorKind.USER, "team": "team", "board": "role"}
"""What each kind of mention is called where names are asked for."""


@register.simple_tag(takes_context=True)
def actor_name(context: Context, actor: str) -> str:
    """Return the name of who wrote a history row, from its `kind:id`."""
    kind, _, identifier = str(actor or "").partition(":")
    return person_of(_request(context), kind, identifier).name if kind else "–"


@register.simple_tag
def place(name: str) -> str:
    """Return the path of a place of the navigation by its name, e.g. `standard`."""
    return PLACES[name].path


@register.simple_tag
def rule_url(rule: str) -> str:
    """Return the address of a rule of the active standard."""
    return f"{PLACES['standard'].path}#rule-{rule}"


@register.inclusion_tag("components/field.html")
def field(
    bound: forms.BoundField, hint: str = "", rule: str = "", rule_text: str = "", rows: int = 0
) -> dict[str, Any]:
    """Render a field with label, help, the rule that demands it, and its errors, all bound to it.

    `rule` is the id of a rule of the active standard, `rule_text` what it says; `rows` the height of
    a text area.
    """
    name = bound.auto_id or bound.html_name
    described = [f"{name}_help"] if (hint or bound.help_text) else []
    described += [f"{name}_rule"] if rule and not bound.errors else []
    described += [f"{name}_errors"] if bound.errors else []
    widget = bound.field.widget
    attrs: dict[str, Any] = {"class": _css_class(widget, bool(bound.errors))}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    needed = bool(rule) or bound.name in getattr(bound.form, "always", ())
    if needed:
        attrs["aria-required"] = "true"
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if rows:
        attrs["rows"] = rows
    is_group = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return {
        "bound": bound,
        "id": name,
        "control": "" if is_group else bound.as_widget(attrs=attrs),
        "is_group": is_group,
        "described": " ".join(described),
        "is_checkbox": isinstance(widget, forms.CheckboxInput),
        "hint": hint or bound.help_text,
        "rule": rule,
        "rule_text": rule_text,
        "optional": not bound.field.required and not needed,
    }


@register.simple_tag(takes_context=True)
def panels(context: Context, place: str, subject: object = None) -> SafeString:
    """Show what other apps have to show at `place` of this page, e.g. `service.main`."""
    return mark_safe("".join(rendered_panels(_request(context), place, subject)))  # noqa: S308 (rendered templates)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """Return the present query string with some values replaced, and back on the first page."""
    query = _request(context).GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        if value in {"", None}:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


def _css_class(widget: forms.Widget, wrong: bool) -> str:
    kind = "form-control"
    if isinstance(widget, forms.CheckboxInput):
        kind = "form-check-input"
    elif isinstance(widget, forms.Select | forms.SelectMultiple):
        kind = "form-select"
    own = widget.attrs.get("class", "")
    return " ".join(part for part in (kind, own, "is-invalid" if wrong else "") if part)


def _request(context: Context) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request


def _now(context: Context) -> datetime:
    return now_of(_request(context))
