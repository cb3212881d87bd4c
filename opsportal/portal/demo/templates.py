"""The standard-change templates of the demo organisation, written and approved by its people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from changes.services.templates import template_create, template_submit, template_vote
from opsportal.approvals.outcome import Decision
from opsportal.portal.demo.stage import Stage

TEMPLATES: dict[str, dict[str, Any]] = {
    "certificate-renewal": {
        "title": "Renew a TLS certificate",
        "description": "Replace a certificate that ends within 30 days by one of the same names.",
        "risk": "low",
        "plan": "1. Order it.\n2. Install it on one instance.\n3. Install it on the rest.",
        "rollback_plan": "Install the former certificate again; it is valid for some days yet.",
        "targets": [("notifications", "production"), ("checkout-web", "production")],
    },
    "small-release": {
        "title": "Small release of a supporting service",
        "description": "A release without a change of data or of what others call, that passed its tests.",
        "risk": "low",
        "plan": "The pipeline deploys it in one step and watches it for five minutes.",
        "rollback_plan": "The pipeline deploys the release before it.",
        "targets": [
            ("recommendations", "production"),
            ("back-office", "production"),
            ("build-runners", "production"),
        ],
    },
}


def approve_templates(stage: Stage, at: datetime) -> None:
    """Write each template at `at` (aware UTC) and have the board approve it within three hours."""
    author = stage.person("priya")
    for slug, fields in TEMPLATES.items():
        template_create(actor=author, now=at, slug=slug, fields=fields)
        template = template_submit(actor=author, now=at + timedelta(hours=1), slug=slug)
        for hours, handle in ((2, "tomas"), (3, "ingrid")):
            template = template_vote(
                actor=stage.person(handle),
                now=at + timedelta(hours=hours),
                slug=slug,
                decision=Decision.APPROVE,
                content_hash=template.content_hash,
            )
