"""What is approved: the material part of a change, and the hash that an approval binds. Pure.

Comments, tags, the review and who started it are not part of it: they may change without asking anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opsportal.audit.canonical import JSON, canonical_bytes

if TYPE_CHECKING:
    from changes.models import Change, ChangeTarget

TEXTS = (
    "title",
    "description",
    "justification",
    "risk_assessment",
    "impact",
    "plan",
    "test_evidence",
    "rollback_plan",
)


@dataclass(frozen=True, slots=True)
class ChangeContent:
    """The material content. `targets` are (service, environment) slugs, sorted; times are aware."""

    type: str
    title: str
    description: str
    justification: str
    risk: str
    risk_assessment: str
    impact: str
    plan: str
    test_evidence: str
    rollback_plan: str
    window_start: datetime | None
    window_end: datetime | None
    targets: tuple[tuple[str, str], ...]
    implementer: str
    template: str
    template_hash: str
    activates: str = ""

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical form, as 64 hexadecimal digits."""
        return hashlib.sha256(canonical_bytes(self._document())).hexdigest()

    def _document(self) -> dict[str, JSON]:
        document: dict[str, JSON] = {name: getattr(self, name) for name in _NAMES}
        document["targets"] = [list(target) for target in self.targets]
        if not self.activates:
            # Joined later: a change that puts no standard in force keeps the hash that was approved.
            del document["activates"]
        document["window_start"] = _instant(self.window_start)
        document["window_end"] = _instant(self.window_end)
        return document


_NAMES = tuple(field.name for field in fields(ChangeContent))


def content_of(change: Change, targets: Iterable[ChangeTarget]) -> ChangeContent:
    """Return the content of a change as it stands. Services, environments and template are loaded."""
    return ChangeContent(
        type=change.type,
        risk=change.risk,
        window_start=change.window_start,
        window_end=change.window_end,
        targets=tuple(sorted((target.service.slug, target.environment.slug) for target in targets)),
        implementer=str(change.implementer_id or ""),
        template=change.template.slug if change.template else "",
        template_hash=change.template_hash,
        activates=change.activates,
        **{name: getattr(change, name) for name in TEXTS},
    )


def _instant(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None
