"""Servers that are asked for figures: set up, changed, paused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from compliance.measuring.states import PULL
from compliance.measuring.units import UnitError, factor_between
from compliance.models import PullSource
from compliance.selectors.measures.figures import known_figures
from compliance.services.measures import fields as read
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, NotFound
from opsportal.core.outbound import NotAllowedError, place_of
from opsportal.core.sealing import seal
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MOST_QUERY = 2_000
MOST_TOKEN = 2_000
SHORTEST_STEP, LONGEST_STEP = 15, 86_400
_NEEDED = ("slug", "title", "base_url", "query", "figure", "step")


def source_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> PullSource:
    """Set up a server that is asked a query every `step` seconds, the first time at once.

    `fields`: slug, title, base_url, query (PromQL), figure, step (15 to 86,400), and unit, service (slug),
    service_label, component_label, token (bearer, kept sealed). Raises `Forbidden`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "pull_source.manage")
        missing = [name for name in _NEEDED if not fields.get(name)]
        if missing:
            raise InvalidInput(FieldError(f"/{name}", "required", "This is needed.") for name in missing)
        cleaned = read.clean(fields, {**_CLEANERS, "slug": _slug})
        row = PullSource(**cleaned, next_at=now, created_at=now, updated_at=now)
        _check(row)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise InvalidInput.of("slug", "exists", "There is a source of this name already.") from None
        _record(row, actor, now, "created")
        return row


def source_edit(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> PullSource:
    """Change a source; it is asked again at once. Raises as `source_create`, `NotFound`, `Stale`."""
    with write(actor=actor, now=now):
        row = _locked(slug)
        require(actor, "pull_source.manage")
        require_version(row, version)
        row.state = PULL.move(row.state, "edit")
        for name, value in read.clean(fields, _CLEANERS).items():
            setattr(row, name, value)
        _check(row)
        row.next_at = now
        _save(row, actor, now, "edited")
        return row


def source_move(
    *, actor: Actor, now: datetime, slug: str, verb: str, version: int | None = None
) -> PullSource:
    """Pause a source, or resume it: `verb` is `pause` or `resume`. Raises as `source_edit`, `IllegalMove`."""
    with write(actor=actor, now=now):
        row = _locked(slug)
        require(actor, "pull_source.manage")
        require_version(row, version)
        row.state = PULL.move(row.state, verb)
        row.next_at = now
        _save(row, actor, now, {"pause": "paused", "resume": "resumed"}[verb])
        return row


def _locked(slug: str) -> PullSource:
    row = PullSource.objects.select_for_update().filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such source.")
    return row


def _save(row: PullSource, actor: Actor, now: datetime, event: str) -> None:
    row.version += 1
    row.updated_at = now
    row.failures, row.error = 0, ""
    row.save()
    _record(row, actor, now, event)


def _record(row: PullSource, actor: Actor, now: datetime, event: str) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"pull_source.{event}",
        object_kind="pull_source",
        object_key=row.slug,
        data={"version": row.version, "figure": row.figure, "state": row.state},
    )


def _check(row: PullSource) -> None:
    figure = known_figures().get(row.figure)
    if figure is None or figure.is_own:
        raise InvalidInput.of("figure", "computed", "The portal computes this figure itself.")
    if row.unit:
        try:
            factor_between(row.unit, figure.unit)
        except UnitError as error:
            raise InvalidInput.of("unit", error.code, str(error)) from None
    if row.service_id and row.service_label:
        raise InvalidInput.of("service_label", "twice", "Name a service, or the label that names one.")


def _slug(value: Any) -> str:
    return clean_slug(value, field="slug")


def _address(value: Any) -> str:
    url = clean_text(value, field="base_url", max_length=300, required=True, lines=False)
    try:
        place = place_of(url)
    except NotAllowedError:
        raise InvalidInput.of(
            "base_url", "not_an_address", "Must be an address such as http://prometheus.internal:9090."
        ) from None
    if "?" in place.target or "#" in url:
        raise InvalidInput.of(
            "base_url", "not_an_address", "Only the address of the server, without a query."
        )
    return url.rstrip("/")


def _label(name: str) -> read.Cleaner:
    def clean(value: Any) -> str:
        text = clean_text(value or "", field=name, max_length=60, lines=False)
        if text and not (text.isascii() and text.isidentifier()):
            raise InvalidInput.of(name, "not_a_label", "Must be the name of a label: letters, digits, _.")
        return text

    return clean


def _step(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_STEP <= value <= LONGEST_STEP:
        raise InvalidInput.of(
            "step", "out_of_range", f"Must be {SHORTEST_STEP} to {LONGEST_STEP} whole seconds."
        )
    return value


def _token(value: Any) -> str:
    text = clean_text(value or "", field="token", max_length=MOST_TOKEN, lines=False)
    if not text.isascii():
        raise InvalidInput.of("token", "not_a_token", "Must be a token as the server gave it.")
    return seal(text) if text else ""


_CLEANERS: Mapping[str, read.Cleaner] = {
    "title": read.text("title", 120, required=True),
    "base_url": _address,
    "query": read.text("query", MOST_QUERY, required=True, lines=True),
    "figure": read.figure,
    "unit": read.unit,
    "service": read.service,
    "service_label": _label("service_label"),
    "component_label": _label("component_label"),
    "step": _step,
    "token": _token,
}
