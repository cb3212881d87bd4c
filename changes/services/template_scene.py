"""One template under lock, with all that a step on it needs, and what follows from a step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from changes.facts import template_facts
from changes.models import ChangeTemplate, TemplateTarget
from changes.permissions import TemplateCase, template_case_of
from opsportal.audit.canonical import JSON, canonical_bytes
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.obligations.services import obligations_end, obligations_follow
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.services import outbox_put
from opsportal.standards.rules import Owe, Standard
from opsportal.standards.selectors import active_standard, standard_by_hash
from opsportal.standards.vocabulary import Value

KIND = "template"
TEXTS = ("title", "description", "plan", "rollback_plan", "risk")


@dataclass
class TemplateScene:
    """A locked template and the places that it names."""

    template: ChangeTemplate
    targets: tuple[TemplateTarget, ...]

    @property
    def key(self) -> str:
        return self.template.slug

    @property
    def subject(self) -> Subject:
        """How lower rooms name it."""
        return Subject(
            KIND,
            self.key,
            self.template.title,
            services=tuple(sorted({target.service.slug for target in self.targets})),
            teams=tuple(sorted({target.service.owner_team.slug for target in self.targets})),
        )

    @cached_property
    def standard(self) -> Standard:
        """What it runs under: what was copied at submission, before that the active one."""
        copied = self.template.standard_hash
        return standard_by_hash(copied) if copied else active_standard()

    @property
    def round(self) -> str:
        return f"r{self.template.revision}.{self.template.submissions}"

    @property
    def facts(self) -> dict[str, Value]:
        return template_facts(self.template)

    def require(self, actor: Actor, verb: str, now: datetime) -> TemplateCase:
        """Raise `Forbidden` unless `actor` may do `verb` to it; return what they are to it."""
        case = template_case_of(actor, self.template, self.targets, now.astimezone(UTC).date())
        require(actor, f"template.{verb}", case)
        return case

    def hash(self) -> str:
        """Return the hash that an approval binds: of everything that a change opened from it will do."""
        document: dict[str, JSON] = {name: getattr(self.template, name) for name in TEXTS}
        until = self.template.valid_until
        document["valid_until"] = until.isoformat() if until else None
        if not self.template.pipelines:
            # Left out where pipelines may: what was approved before there was a choice stays approved.
            document["pipelines"] = False
        document["targets"] = sorted([one.service.slug, one.environment.slug] for one in self.targets)
        return hashlib.sha256(canonical_bytes(document)).hexdigest()

    def save(self, now: datetime) -> None:
        """Save the template as its next version."""
        self.template.version += 1
        self.template.updated_at = now
        self.template.save()


def template_locked(slug: str) -> TemplateScene:
    """Lock a template and return it with its places. Two queries. Raises `NotFound`."""
    template = ChangeTemplate.objects.select_for_update().filter(slug=slug).first()
    if template is None:
        raise NotFound("There is no such template.")
    return TemplateScene(template, template_targets(template))


def template_targets(template: ChangeTemplate) -> tuple[TemplateTarget, ...]:
    """Return the places that a template names, with service, owner team and environment. One query."""
    rows = template.targets.select_related("service__owner_team", "environment")
    return tuple(rows.order_by("environment__rank", "environment__slug", "service__slug"))


def record(
    scene: TemplateScene, *, actor: Actor, now: datetime, action: str, data: Mapping[str, JSON] | None = None
) -> None:
    """Write the audit entry `template.<action>` and tell the topic of the same name."""
    template = scene.template
    about: dict[str, JSON] = {
        "revision": template.revision,
        "state": template.state,
        "version": template.version,
        **(data or {}),
    }
    audit_record(
        actor=actor,
        now=now,
        action=f"{KIND}.{action}",
        object_kind=KIND,
        object_key=scene.key,
        data={"content_hash": template.content_hash, **about},
    )
    outbox_put(
        now=now,
        topic=f"changes.{KIND}.{action}",
        key=scene.key,
        payload={"key": scene.key, "actor": str(actor), "at": now.isoformat(), **about},
    )


def happened(scene: TemplateScene, *, actor: Actor, now: datetime, event: str) -> None:
    """Record the event `template.<event>` and do what the standard says about obligations then."""
    record(scene, actor=actor, now=now, action=event)
    author = Owner.user(scene.template.author_id)
    obligations_follow(
        actor=actor,
        now=now,
        standard=scene.standard,
        event=f"{KIND}.{event}",
        facts=scene.facts,
        subject=scene.subject,
        people={"requester": author, "otherwise": author},
        occurrence=scene.round,
    )


def nothing_owed_any_more(scene: TemplateScene, *, actor: Actor, now: datetime) -> None:
    """End what is owed for the round of approval under way: nobody has to decide it any more."""
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=KIND,
        subject_key=scene.key,
        rule_ids=owing_rules(scene),
        outcome="void",
        occurrence=scene.round,
    )


def owing_rules(scene: TemplateScene) -> list[str]:
    """Return the rules by which somebody owes a decision on a submitted template."""
    rules = scene.standard.rules_at(f"{KIND}.submitted")
    return [rule.id for rule in rules if isinstance(rule.demand, Owe)]
