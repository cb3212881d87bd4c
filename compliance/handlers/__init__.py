"""Topics that this app reacts to, by area; its ticks and audit actions."""

from compliance.handlers import audits, controls, core, governance, measures, policies, recovery, reports

AREAS = (audits, controls, core, governance, measures, policies, recovery, reports)


def register() -> None:
    """Register every area's topics, ticks and audit actions. Called once, by the app's AppConfig."""
    for area in AREAS:
        area.register()
