"""What rules may ask of postmortems, action items and figures, and what happens to them. Reads no row."""

from __future__ import annotations

from incidents.learning.states import ACTION
from incidents.learning.template import CAUSES, PRIORITIES, SECTIONS
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    NUMBER,
    TEXT,
    Declaration,
    Event,
    Fact,
    Field,
    Point,
    choice,
)

_POSTMORTEM_FACTS = (
    *(
        Fact(f"postmortem.{name}", TEXT, f"the part “{part.title}” of the postmortem")
        for name, part in SECTIONS.items()
    ),
    Fact("postmortem.cause", choice(*CAUSES), "the category of the cause"),
    Fact("postmortem.timeline_entries", NUMBER, "how many lines the timeline of the incident has"),
    Fact("postmortem.action_items", NUMBER, "how many action items the postmortem has, dropped ones aside"),
    Fact(
        "postmortem.reviewed_by_another",
        BOOLEAN,
        "whether somebody else than its author publishes the postmortem",
    ),
)
_ACTION_FACTS = (
    Fact("action_item.priority", choice(*PRIORITIES), "the priority of the action item"),
    Fact("action_item.state", choice(*ACTION.states), "the state of the action item"),
)
_FIGURE_FACTS = (
    Fact("figures.mean_time_to_detect", DURATION, "the mean time to detect an incident"),
    Fact("figures.mean_time_to_acknowledge", DURATION, "the mean time to acknowledge an incident"),
    Fact("figures.mean_time_to_resolve", DURATION, "the mean time to resolve an incident"),
    Fact("figures.recurrence", NUMBER, "the share (0 to 1) of incidents whose cause came back in 90 days"),
    Fact(
        "figures.action_completion",
        NUMBER,
        "the share (0 to 1) of action items that were completed within 30 days",
    ),
    Fact("figures.found_by_users", NUMBER, "the share (0 to 1) of incidents that users found first"),
    Fact(
        "figures.incident_ratio",
        NUMBER,
        "the number of incidents as a share of that of the period of the same length before (1 = as many)",
    ),
)

_POSTMORTEM_EVENTS = {
    "started": "a postmortem is begun",
    "submitted": "a postmortem is handed in for review",
    "returned": "a postmortem is given back to its author",
    "published": "a postmortem is published",
    "waived": "a postmortem is waived",
}
_ACTION_EVENTS = {
    "opened": "an action item is opened",
    "done": "an action item is done",
    "reopened": "an action item is opened again",
    "verified": "an action item is verified",
    "dropped": "an action item is dropped",
}

DECLARATIONS: tuple[Declaration, ...] = (
    *_POSTMORTEM_FACTS,
    *_ACTION_FACTS,
    *_FIGURE_FACTS,
    *(Event(f"postmortem.{name}", title, ("incident",)) for name, title in _POSTMORTEM_EVENTS.items()),
    *(Event(f"action_item.{name}", title, ("action_item",)) for name, title in _ACTION_EVENTS.items()),
    Point(
        "postmortem.publish",
        "when a postmortem is published",
        areas=("postmortem", "incident"),
        demands=frozenset({"require", "field"}),
        fields=tuple(Field(name, part.title, f"postmortem.{name}") for name, part in SECTIONS.items()),
    ),
    Point(
        "figures.incidents",
        "when the figures of incidents are drawn up",
        areas=("figures",),
        demands=frozenset({"require"}),
    ),
)
