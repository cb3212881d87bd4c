"""What rules may ask of compliance, by area, and what happens there on which something may be owed."""

from compliance.facts import audits, controls, core, governance, measures, policies, recovery, reports
from opsportal.standards import vocabulary

AREAS = (audits, controls, core, governance, measures, policies, recovery, reports)


def register() -> None:
    """Declare every area's facts, points and events. Called once, by the app's AppConfig."""
    for area in AREAS:
        vocabulary.declare(*area.DECLARATIONS)
