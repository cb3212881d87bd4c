"""Facts, points and events of governance."""

from __future__ import annotations

from opsportal.standards.vocabulary import Declaration

DECLARATIONS: tuple[Declaration, ...] = ()
