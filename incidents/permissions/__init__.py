"""Who may do what: predicates by area, one source for buttons and for refusal."""

from incidents.permissions import alerts, escalation, learning, oncall, response, roster, runbooks, statuspage

AREAS = (alerts, escalation, learning, oncall, response, roster, runbooks, statuspage)


def register() -> None:
    """Register every area's permissions. Called once, by the app's AppConfig."""
    for area in AREAS:
        area.register()
