"""Topics that this app reacts to, by area; its ticks and audit actions."""

from incidents.handlers import alerts, escalation, learning, oncall, response, roster, runbooks, statuspage

AREAS = (alerts, escalation, learning, oncall, response, roster, runbooks, statuspage)


def register() -> None:
    """Register every area's topics, ticks and audit actions. Called once, by the app's AppConfig."""
    for area in AREAS:
        area.register()
