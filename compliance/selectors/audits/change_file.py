"""The file of a change (SOC 2 CC8.1): what proves it was asked for, judged, tested, made and verified.

Plain JSON: persons by id, instants in UTC. What is missing is named in `lacks`, never left out silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from changes.models import Change, Deployment
from incidents.models import IncidentLink
from opsportal.approvals.selectors import conditions_about, requests_about
from opsportal.audit.selectors import entries_about
from opsportal.core.errors import NotFound
from opsportal.files.selectors import attachments_of
from opsportal.obligations.models import Obligation

KIND = "change"
AROUND = timedelta(days=7)
MOST = 200
PARTS = {
    "justification": "why it was asked for",
    "risk_assessment": "an assessment of its risk",
    "plan": "a plan",
    "rollback_plan": "a plan to roll it back",
    "test_evidence": "evidence of tests",
}


def change_file(number: int) -> dict[str, Any]:
    """Return the file of the change of this number. Raises `NotFound`."""
    change = Change.objects.select_related("requester", "implementer", "template").filter(pk=number).first()
    if change is None:
        raise NotFound("There is no such change.")
    targets = list(change.targets.select_related("service", "environment").order_by("id"))
    deployments = list(
        change.deployments.select_related("service", "environment", "registered_by")
        .prefetch_related("events")
        .order_by("id")[:MOST]
    )
    content: dict[str, Any] = {
        "key": change.key,
        "title": change.title,
        "type": change.type,
        "state": change.state,
        "outcome": change.outcome,
        "requester": str(change.requester_id),
        "implementer": str(change.implementer_id or ""),
        "started_by": str(change.started_by_id or ""),
        "description": change.description,
        "justification": change.justification,
        "risk": change.risk,
        "risk_assessment": change.risk_assessment,
        "impact": change.impact,
        "plan": change.plan,
        "rollback_plan": change.rollback_plan,
        "test_evidence": change.test_evidence,
        "targets": [
            {"service": target.service.slug, "environment": target.environment.slug} for target in targets
        ],
        "times": {
            name: _utc(getattr(change, name))
            for name in (
                "created_at",
                "submitted_at",
                "decided_at",
                "window_start",
                "window_end",
                "started_at",
                "finished_at",
                "closed_at",
            )
        },
        "content_hash": change.content_hash,
        "standard_hash": change.standard_hash,
        "revision": change.revision,
        "review": change.review,
        "lessons_learned": change.lessons_learned,
        "approvals": _approvals(change.key),
        "conditions": [
            {
                "text": row.text,
                "state": row.state,
                "evidence": row.evidence,
                "settled_at": _utc(row.settled_at),
            }
            for row in conditions_about(KIND, change.key)
        ],
        "attachments": [
            {
                "name": row.name,
                "sha256": row.file_id,
                "size": row.file.size,
                "state": row.state,
                "added_at": _utc(row.added_at),
            }
            for row in attachments_of(KIND, change.key)
        ],
        "deployments": [_deployment(row) for row in deployments],
        "incidents": _incidents([change.key, *(row.key for row in deployments)]),
        "obligations": [
            {"what": row.what, "rule": row.rule_id, "state": row.state, "due_at": _utc(row.due_at)}
            for row in Obligation.objects.filter(subject_kind=KIND, subject_key=change.key).order_by("id")
        ],
        "trail": [
            {
                "action": entry.action,
                "actor_kind": entry.actor_kind,
                "actor_id": entry.actor_id,
                "at": _utc(entry.at),
            }
            for entry in list(entries_about(KIND, change.key))[:MOST]
        ],
    }
    content["lacks"] = lacks_of(content)
    content["without_change"] = [
        _deployment(row, events=False)
        for row in deployments_without_change(
            [target.service_id for target in targets],
            (change.started_at or change.created_at) - AROUND,
            (change.finished_at or change.started_at or change.created_at) + AROUND,
        )
    ]
    return content


def lacks_of(content: dict[str, Any]) -> list[str]:
    """Return in words what a file of a change that was carried out should have and has not. Pure."""
    lacks = [words for name, words in PARTS.items() if not str(content[name]).strip()]
    carried_out = content["state"] in {"implemented", "failed", "rolled_back", "closed"}
    voted = any(stage["votes"] for round_ in content["approvals"] for stage in round_["stages"])
    if content["type"] != "standard" and not voted:
        lacks.append("a review by a person")
    if carried_out and content["targets"] and not content["deployments"]:
        lacks.append("a registered deployment")
    if content["state"] == "closed" and not str(content["review"]).strip():
        lacks.append("a post-implementation review")
    return lacks


def deployments_without_change(services: Iterable[int], begins: datetime, ends: datetime) -> list[Deployment]:
    """Return at most 200 deployments of these services (ids; all where none) in that time without a change.

    Those that the gate never let pass and that never began are left out: they were stopped.
    """
    rows = Deployment.objects.filter(change__isnull=True, registered_at__gte=begins, registered_at__lt=ends)
    chosen = list(services)
    rows = rows.filter(service_id__in=chosen) if chosen else rows
    begun = rows.exclude(started_at__isnull=True, decision__in=["blocked", "expired", "withdrawn", "pending"])
    return list(begun.select_related("service", "environment", "registered_by").order_by("-id")[:MOST])


def people_in(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the (kind, id) of all who stand in a file, to show their names."""
    pairs = [("user", content[name]) for name in ("requester", "implementer", "started_by")]
    pairs += [(entry["actor_kind"], entry["actor_id"]) for entry in content["trail"]]
    for round_ in content["approvals"]:
        for stage in round_["stages"]:
            for vote in stage["votes"]:
                pairs += [("user", vote["voter"]), ("user", vote["on_behalf_of"])]
    return list(dict.fromkeys(pair for pair in pairs if pair[1]))


def _approvals(key: str) -> list[dict[str, Any]]:
    rounds = requests_about(KIND, key).prefetch_related("stages__votes")
    return [
        {
            "revision": row.revision,
            "content_hash": row.content_hash,
            "state": row.state,
            "stages": [
                {
                    "title": stage.title,
                    "roles": list(stage.role_slugs),
                    "quorum": stage.quorum,
                    "rule": stage.rule,
                    "state": stage.state,
                    "votes": [
                        {
                            "voter": str(vote.voter_id),
                            "on_behalf_of": str(vote.on_behalf_of_id or ""),
                            "decision": vote.decision,
                            "content_hash": vote.content_hash,
                            "comment": vote.comment,
                            "cast_at": _utc(vote.cast_at),
                        }
                        for vote in sorted(stage.votes.all(), key=lambda one: one.pk)
                    ],
                }
                for stage in row.stages.all()
            ],
        }
        for row in rounds
    ]


def _deployment(row: Deployment, *, events: bool = True) -> dict[str, Any]:
    return {
        "key": row.key,
        "service": row.service.slug,
        "environment": row.environment.slug,
        "version": row.release,
        "commit": row.commit,
        "artifact_digest": row.artifact_digest,
        "pipeline_run": str(row.pipeline.get("run_url", "")),
        "pipeline_actor": str(row.pipeline.get("actor", "")),
        "registered_by": row.registered_by.slug if row.registered_by else "",
        "checks": row.checks,
        "decision": row.decision,
        "registration": row.registration,
        "reasons": [str(reason.get("detail", "")) for reason in row.reasons if isinstance(reason, dict)],
        "state": row.state,
        "registered_at": _utc(row.registered_at),
        "finished_at": _utc(row.finished_at),
        "events": [
            {"event": event.event, "at": _utc(event.at), "metrics": event.metrics, "action": event.action}
            for event in sorted(row.events.all(), key=lambda one: one.pk)
        ]
        if events
        else [],
    }


def _incidents(keys: list[str]) -> list[dict[str, Any]]:
    rows = IncidentLink.objects.filter(target__in=keys).select_related("incident").order_by("id")[:MOST]
    return [
        {
            "key": row.incident.key,
            # Whose existence is told of, and no more, where it is restricted.
            "title": "Restricted incident" if row.incident.is_restricted else row.incident.title,
            "severity": row.incident.severity,
            "state": row.incident.state,
            "is_cause": row.is_cause,
            "linked_to": row.target,
        }
        for row in rows
    ]


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
