"""Who may do what, by area: one source for buttons and for refusal."""

from compliance.permissions import audits, controls, core, governance, measures, policies, recovery, reports

AREAS = (audits, controls, core, governance, measures, policies, recovery, reports)


def register() -> None:
    """Register every area's permissions. Called once, by the app's AppConfig."""
    for area in AREAS:
        area.register()
