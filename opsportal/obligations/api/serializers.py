"""What goes in and out about obligations."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.obligations.selectors import Line
from opsportal.obligations.services.waive import MAX_REASON
from opsportal.obligations.states import OBLIGATION


class WaiveBody(Body):
    """Why it is waived; `version` is what the caller has read."""

    reason = Text(max_length=MAX_REASON, lines=True, blank=False)
    version = WholeNumber(required=False, min_value=1)


class ObligationOwnerOut(Body):
    """Who owes: a user's id, or the slugs of roles."""

    kind = serializers.ChoiceField(["user", "role"])
    keys = serializers.ListField(child=Text(max_length=64))
    name = Text(max_length=300)


class ObligationSubjectOut(Body):
    """What it is about."""

    kind = Text(max_length=40)
    key = Text(max_length=100)
    title = Text(max_length=200)
    url = Text(max_length=300)


class ObligationSourceOut(Body):
    """The sentence of the standard."""

    document = Text(max_length=300)
    section = Text(max_length=300)
    line = WholeNumber()
    quote = Text(max_length=5_000)


class ObligationOut(Body):
    """One thing owed. It is owed until `ended_at`; a breached one, too, is met by `met_at`."""

    id = WholeNumber()
    what = Text(max_length=300)
    state = serializers.ChoiceField(list(OBLIGATION.states))
    owed = Flag()
    owner = ObligationOwnerOut()
    subject = ObligationSubjectOut()
    rule = Text(max_length=120)
    standard = Text(max_length=64)
    # DRF takes declared fields off the class. What no rule asks for quotes none.
    source = ObligationSourceOut(allow_null=True)  # type: ignore[assignment]
    occurrence = Text(max_length=100)
    blocks = serializers.ListField(child=Text(max_length=100))
    opened_at = Moment()
    due_at = Moment()
    breached_at = Moment(allow_null=True)
    met_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    waiver = Text(max_length=MAX_REASON)
    updated_at = Moment()
    version = WholeNumber()


class ObligationPage(Body):
    """One page of obligations."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = ObligationOut(many=True)


def obligation_out(line: Line) -> dict[str, Any]:
    """Return what the API says of one obligation."""
    row = line.row
    return {
        "id": row.pk,
        "what": row.what,
        "state": row.state,
        "owed": row.is_owed,
        "owner": {"kind": row.owner_kind, "keys": list(row.owner.keys), "name": line.owner},
        "subject": {
            "kind": row.subject_kind,
            "key": row.subject_key,
            "title": row.subject_title,
            "url": line.url,
        },
        "rule": row.rule_id,
        "standard": row.standard_hash,
        "source": row.source or None,
        "occurrence": row.occurrence,
        "blocks": row.blocks,
        "opened_at": utc(row.opened_at),
        "due_at": utc(row.due_at),
        "breached_at": utc(row.breached_at),
        "met_at": utc(row.met_at),
        "ended_at": utc(row.ended_at),
        "waiver": row.waiver,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }
