"""Figures that the portal computes itself: a rule may hold them against a target like any other."""

from __future__ import annotations

from compliance.measuring.figures import OWN
from opsportal.standards.vocabulary import Declaration, Figure

DECLARATIONS: tuple[Declaration, ...] = tuple(Figure(one.id, one.title, one.unit) for one in OWN.values())
