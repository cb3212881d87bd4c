"""What goes in and out about measurements."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.measuring.batch import MOST_ROWS
from compliance.models import Measurement, Series
from compliance.services.measures.adding import Added
from opsportal.api.parsers import StrictJSONParser
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc

NAME = 60


class BatchParser(StrictJSONParser):
    """JSON of up to 10,000 rows. NaN in one of them must not lose the others, so that it is let in here."""

    limit = 4_194_304
    keeps_not_finite = True


class MeasurementBody(Body):
    """One measurement. An array of up to 10,000 is taken as well."""

    figure = Text(max_length=NAME, blank=False, help_text="Its id, e.g. availability; see figures.")
    service = Text(max_length=NAME, required=False, help_text="Slug; without it, of the organisation.")
    component = Text(max_length=NAME, required=False, help_text="A part of it, e.g. database.")
    at = Moment(required=False, help_text="When it was so; now where it is missing.")
    value = serializers.FloatField(help_text="Finite.")
    unit = Text(max_length=20, required=False, help_text="Converted to that of the figure; else it is that.")


class RejectedOut(Body):
    """One row that was not kept: its place in the array, and what is wrong in it."""

    index = WholeNumber()
    pointer = Text(max_length=100)
    code = Text(max_length=40)
    detail = Text(max_length=300)


class AddedOut(Body):
    """What became of the rows: they are committed."""

    accepted = WholeNumber(help_text="Rows that are kept: new ones, and those that stood already.")
    new = WholeNumber()
    repeated = WholeNumber(help_text="Of the accepted ones, those of a series and time that stood already.")
    rejected = RejectedOut(many=True)


class FigureOut(Body):
    """Something that is measured."""

    id = Text(max_length=NAME)
    title = Text(max_length=200)
    unit = Text(max_length=20)
    least = serializers.FloatField(allow_null=True, help_text="No value below it is kept.")
    most = serializers.FloatField(allow_null=True, help_text="No value above it is kept.")
    computed = Flag(help_text="The portal computes it from its own records; nobody delivers it.")


class FiguresOut(Body):
    """The figures of the standard in force, and the portal's own."""

    results = FigureOut(many=True)


class SeriesOut(Body):
    """What one source measures of one figure of one subject."""

    id = WholeNumber()
    figure = Text(max_length=NAME)
    unit = Text(max_length=20)
    service = Text(max_length=NAME)
    component = Text(max_length=NAME)
    source = Text(max_length=70)  # type: ignore[assignment]
    created_at = Moment()


class MeasurementOut(Body):
    """One point, in the unit of its series."""

    id = WholeNumber()
    figure = Text(max_length=NAME)
    service = Text(max_length=NAME)
    component = Text(max_length=NAME)
    source = Text(max_length=70)  # type: ignore[assignment]
    unit = Text(max_length=20)
    at = Moment()
    value = serializers.FloatField()


class MeasurementPage(Body):
    """A page of measurements."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = MeasurementOut(many=True)


class SeriesPage(Body):
    """A page of series."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = SeriesOut(many=True)


def added_out(added: Added) -> dict[str, Any]:
    """Return what became of a batch as it is answered."""
    stored = added.stored
    return {
        "accepted": stored.new + stored.repeated,
        "new": stored.new,
        "repeated": stored.repeated,
        "rejected": [
            {"index": one.index, "pointer": one.pointer, "code": one.code, "detail": one.detail}
            for one in added.rejected
        ],
    }


def series_out(row: Series) -> dict[str, Any]:
    """Return a series as it is answered."""
    return {
        "id": row.pk,
        "figure": row.figure,
        "unit": row.unit,
        "service": row.subject_key,
        "component": row.component,
        "source": row.source,
        "created_at": utc(row.created_at),
    }


def measurement_out(row: Measurement) -> dict[str, Any]:
    """Return a point as it is answered."""
    series = row.series
    return {
        "id": row.pk,
        "figure": series.figure,
        "service": series.subject_key,
        "component": series.component,
        "source": series.source,
        "unit": series.unit,
        "at": utc(row.at),
        "value": row.value,
    }


MANY = f"One measurement, or an array of up to {MOST_ROWS}."
