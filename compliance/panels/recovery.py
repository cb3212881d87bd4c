"""What other pages show of recovery; its subjects, and who judges its rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from compliance import evaluators, subjects
from compliance.facts.recovery import asset_facts
from compliance.selectors.recovery import assets_loaded
from compliance.services.recovery.evaluating import recover_evaluate, retain_evaluate
from compliance.services.recovery.telling import asset_subject
from compliance.subjects import Known
from opsportal.obligations.terms import Owner
from opsportal.standards.standing import Recover, Retain


def assets_known(now: datetime) -> Iterator[Known]:
    """Yield the assets in use, as what something may be owed about."""
    for asset in assets_loaded().filter(state="active").order_by("id"):
        subject = asset_subject(asset)
        yield Known(
            key=asset.key,
            title=asset.name,
            since=asset.created_at,
            owner=Owner.user(asset.owner_id),
            facts=asset_facts(asset),
            services=subject.services,
            teams=subject.teams,
        )


def register() -> None:
    """Put what is of recovery where it belongs. Called once, when the app is ready."""
    subjects.register("asset", assets_known)
    evaluators.register(Recover, recover_evaluate)
    evaluators.register(Retain, retain_evaluate)
