"""Facts, points and events of core."""

from __future__ import annotations

from opsportal.standards.vocabulary import Declaration

DECLARATIONS: tuple[Declaration, ...] = ()
