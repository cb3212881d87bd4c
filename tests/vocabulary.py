"""All that packs may name, as the installed apps declare it."""

from __future__ import annotations

from changes.facts import DECLARATIONS as OF_CHANGES
from incidents.facts import DECLARATIONS as OF_INCIDENTS

DECLARATIONS = (*OF_CHANGES, *OF_INCIDENTS)
