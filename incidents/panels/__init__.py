"""What other pages show of this app, by area."""

from incidents.panels import alerts, escalation, learning, oncall, response, roster, runbooks, statuspage

AREAS = (alerts, escalation, learning, oncall, response, roster, runbooks, statuspage)


def register() -> None:
    """Put every area's panels, search sources and addresses in their places; called once."""
    for area in AREAS:
        area.register()
