"""All that packs may name, as the installed apps declare it."""

from __future__ import annotations

from changes.facts import DECLARATIONS as OF_CHANGES
from compliance.facts import AREAS
from incidents.facts import DECLARATIONS as OF_INCIDENTS
from incidents.learning.facts import DECLARATIONS as OF_LEARNING
from incidents.runbook.facts import DECLARATIONS as OF_RUNBOOKS

OF_COMPLIANCE = tuple(one for area in AREAS for one in area.DECLARATIONS)
DECLARATIONS = (*OF_CHANGES, *OF_INCIDENTS, *OF_LEARNING, *OF_RUNBOOKS, *OF_COMPLIANCE)
