"""The deployment gate. Pure: no database, no clock, no HTTP."""

from changes.gate.deciding import decide
from changes.gate.inputs import (
    FIT,
    POINT,
    Candidate,
    Decision,
    Finding,
    GateAnswer,
    GateInput,
    Glass,
    Place,
    Release,
    Template,
    gate_facts,
    release_facts,
)

__all__ = [
    "FIT",
    "POINT",
    "Candidate",
    "Decision",
    "Finding",
    "GateAnswer",
    "GateInput",
    "Glass",
    "Place",
    "Release",
    "Template",
    "decide",
    "gate_facts",
    "release_facts",
]
