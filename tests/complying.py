"""A little of everything that compliance keeps of controls, evidence, policies and documents, for lists."""

from __future__ import annotations

from datetime import timedelta

from compliance.models import ConformanceState, ConformanceTurn, PolicyPublication
from compliance.services.controls.controls import control_create
from compliance.services.controls.evidence import evidence_add
from compliance.services.controls.exceptions import exception_request
from compliance.services.controls.frameworks import framework_import
from compliance.services.policies.documents import document_register
from compliance.services.policies.policies import hash_of, policy_create
from compliance.services.policies.signatures import policy_attest
from opsportal.accounts.models import User
from tests.makers import NOW, ROOT, make_user
from tests.pure.test_frameworks import GOOD

DAY = timedelta(days=1)


def controls_of(person: User, number: int) -> None:
    """Make a framework, a control, evidence, an exception, a signed policy and a document of `person`."""
    admin = make_user(staff=True).actor
    slug = f"own-{number}"
    framework_import(actor=ROOT, now=NOW, source=GOOD.replace('"own"', f'"{slug}"').encode())
    owner = {"owner": str(person.pk)}
    mapped = {"requirements": [f"{slug}:A.1"], "rules": ["pack/rule"], "events": ["policy.reviewed"]}
    titled = {"title": "A control", "frequency": "monthly", **owner}
    other = control_create(actor=admin, now=NOW, fields=titled)
    links = [{"relation": "supports", "control": other.key}]
    control = control_create(actor=admin, now=NOW, fields={**titled, **mapped, "links": links})
    seen = {"title": "Report", "controls": [control.key], "observed_at": NOW - DAY, "note": "Looked."}
    evidence_add(actor=person.actor, now=NOW, fields=seen)
    asked = {
        "kind": "exception",
        "title": "Old system",
        "reason": "Replaced in spring.",
        "risk": "low",
        "compensating": "Looked at daily.",
        "control": control.key,
        "expires_at": NOW + DAY,
    }
    exception_request(actor=person.actor, now=NOW, fields=asked)
    text = f"Lock your screen, {number}."
    policy = policy_create(
        actor=admin, now=NOW, fields={"title": "Security", "kind": "security", "text": text, **owner}
    )
    # What an approval would have led to, without its people.
    policy.published, policy.published_at = 1, NOW
    policy.save()
    PolicyPublication.objects.create(
        policy=policy, number=1, content_hash=hash_of(text), approval=1, published_at=NOW
    )
    policy_attest(actor=person.actor, now=NOW, key=policy.key, number=1, content_hash=hash_of(text))
    found = {"rule_id": f"rule-{number}", "standard_hash": "", "status": "met"}
    ConformanceState.objects.create(**found, since=NOW)
    ConformanceTurn.objects.create(**found, at=NOW)
    place = {"title": "Plan", "kind": "diagram", "url": f"https://docs.example/{number}", **owner}
    document_register(actor=admin, now=NOW, fields=place)
