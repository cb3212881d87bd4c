"""What comes in about swaps, shadows and handovers."""

from __future__ import annotations

from incidents.services.roster.handovers import MAX_NOTES
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber

SLUG, IDENTIFIER, ROLE = 60, 64, 20


class SwapBody(Body):
    """Time on call that is one's own, to be offered."""

    schedule = Text(max_length=SLUG, blank=False, help_text="Slug.")
    start = Moment()
    end = Moment(help_text="Not included.")
    role = Text(max_length=ROLE, required=False, help_text="primary where it is left out.")
    note = Text(max_length=300, required=False)


class VersionBody(Body):
    """The version that was read, if it must be the present one."""

    version = WholeNumber(required=False, min_value=1)


class TakeBody(Body):
    """Time on call of somebody else, to be taken over."""

    person = Text(max_length=IDENTIFIER, blank=False, help_text="Whose: their id.")
    start = Moment(required=False, help_text="Now where it is left out.")
    end = Moment(help_text="Not included.")
    role = Text(max_length=ROLE, required=False, help_text="primary where it is left out.")


class ShadowBody(Body):
    """Who learns beside whom, from when to when."""

    person = Text(max_length=IDENTIFIER, blank=False, help_text="Who learns: their id.")
    follows = Text(max_length=IDENTIFIER, required=False, help_text="Empty: whoever is on call.")
    start = Moment()
    end = Moment(help_text="Not included.")


class HandoverBody(Body):
    """Who hands over to whom, now."""

    schedule = Text(max_length=SLUG, blank=False, help_text="Slug.")
    outgoing = Text(max_length=IDENTIFIER, blank=False, help_text="Id of a person.")
    incoming = Text(max_length=IDENTIFIER, blank=False, help_text="Id of a person.")


class StepBody(Body):
    """A step of the list."""

    step = Text(max_length=60, blank=False)
    done = Flag(required=False)


class NotesBody(Body):
    """What the next one has to know."""

    notes = Text(max_length=MAX_NOTES, lines=True)
    version = WholeNumber(required=False, min_value=1)
