"""What policies and documents register: audit actions and ticks."""

from __future__ import annotations

from datetime import timedelta

from changes.services.recounting import RECOUNT
from compliance.services.policies.approval import KIND, policy_recount
from opsportal.audit.actions import register_all
from opsportal.core.actor import Actor
from opsportal.outbox.ticks import expect
from opsportal.outbox.topics import Message, on

RECOUNTER = Actor.system("compliance.policies")


def on_recount(message: Message) -> None:
    """Count the votes on a policy anew, after somebody has left a board."""
    if message.payload["kind"] == KIND:
        key = str(message.payload["key"]).partition(".")[0]
        policy_recount(actor=RECOUNTER, now=message.now, key=key)


def register() -> None:
    """Register what is of this area."""
    on(RECOUNT, "compliance.policies.recount", on_recount)
    expect(
        "compliance.signatures",
        every=timedelta(seconds=300),
        without_it="nobody asks people who have joined to sign the policies",
    )
    expect(
        "compliance.document_links",
        every=timedelta(seconds=300),
        without_it="nobody looks whether the links of documents still answer",
    )
    register_all(
        {
            "policy.created": "drafted the policy",
            "policy.edited": "edited the policy",
            "policy.submitted": "submitted the policy for approval",
            "policy.withdrawn": "took the policy back from review",
            "policy.approved": "approved the policy: its quorum is reached",
            "policy.rejected": "rejected the policy",
            "policy.published": "put the policy in force",
            "policy.reviewed": "reviewed the policy: it holds",
            "policy.attested": "signed the policy",
            "policy.retired": "retired the policy",
            "policy.reinstated": "made the policy a draft again",
            "document.registered": "registered the document",
            "document.edited": "changed what the register says of the document",
            "document.reviewed": "reviewed the document: it holds",
            "document.retired": "retired the document",
            "document.reinstated": "took the document into use again",
        }
    )
