"""What other pages may show of compliance, by area; keys, search, subjects, evaluators."""

from compliance.panels import audits, controls, core, governance, measures, policies, recovery, reports

AREAS = (audits, controls, core, governance, measures, policies, recovery, reports)


def register() -> None:
    """Register every area's panels, keys, subjects and evaluators. Called once, by the app's AppConfig."""
    for area in AREAS:
        area.register()
