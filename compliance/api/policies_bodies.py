"""What goes in and out about policies, signatures and documents."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.api.controls_bodies import KEY, SLUG, URL, CompliancePersonOut, person_out
from compliance.models import Attestation, Document, DocumentLink, Policy, PolicyVersion
from compliance.panels.policies import document_path, policy_path
from compliance.policing.states import DOCUMENT, POLICY
from compliance.policing.words import DOCUMENT_KINDS, POLICY_KINDS, REVIEWS
from compliance.services.controls.looked_up import MAX_URL
from compliance.services.policies.fields import EARLIEST, LATEST, MAX_NOTE, MAX_TEXT, MAX_TITLE
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc
from opsportal.approvals.services.voting import MAX_COMMENT

_VERSION = "The version that was read; or If-Match."


class CompliancePolicyFields(Body):
    """What people write into a policy."""

    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    kind = serializers.ChoiceField(POLICY_KINDS, required=False)
    owner = Text(max_length=254, blank=False, required=False, help_text="Id or e-mail address.")
    audience = Text(
        max_length=70,
        blank=False,
        required=False,
        help_text="Who has to sign it: everybody, nobody, team:slug or role:slug.",
    )
    attest_within_days = WholeNumber(required=False, min_value=EARLIEST, max_value=LATEST)
    review_every = serializers.ChoiceField(REVIEWS, required=False)
    text = Text(max_length=MAX_TEXT, lines=True, blank=False, required=False, help_text="Markdown.")
    note = Text(max_length=MAX_NOTE, required=False, help_text="What is different in this version.")


class CompliancePolicyBody(CompliancePolicyFields):
    """A new policy, as a draft."""

    title = Text(max_length=MAX_TITLE, blank=False)
    kind = serializers.ChoiceField(POLICY_KINDS)
    text = Text(max_length=MAX_TEXT, lines=True, blank=False, help_text="Markdown.")


class CompliancePolicyPatch(CompliancePolicyFields):
    """What is to be different. Another text is another version."""

    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class CompliancePolicyStepBody(Body):
    """A step of a policy's life."""

    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class ComplianceNoteBody(CompliancePolicyStepBody):
    """What the reviewer found."""

    note = Text(max_length=MAX_NOTE, lines=True, required=False)


class ComplianceReasonBody(CompliancePolicyStepBody):
    """Why."""

    reason = Text(max_length=MAX_NOTE, lines=True, required=False)


class CompliancePolicyVoteBody(Body):
    """A vote, with the hash of what was read."""

    decision = serializers.ChoiceField(["approve", "reject", "abstain"])
    content_hash = Text(max_length=64, blank=False)
    comment = Text(max_length=MAX_COMMENT, lines=True, required=False)


class SignatureBody(Body):
    """One's own signature under one exact version."""

    policy = Text(max_length=KEY, blank=False, help_text="The key of the policy, e.g. POL-3.")
    number = WholeNumber(min_value=1, help_text="The version that was read.")
    content_hash = Text(max_length=64, blank=False, help_text="Its hash, as it was read.")


class CompliancePolicyOut(Body):
    """A policy."""

    key = Text(max_length=KEY)
    title = Text(max_length=MAX_TITLE)
    kind = serializers.ChoiceField(POLICY_KINDS)
    state = serializers.ChoiceField(POLICY.choices)
    owner = CompliancePersonOut()
    audience = Text(max_length=70)
    attest_within_days = WholeNumber()
    review_every = serializers.ChoiceField(REVIEWS)
    latest = WholeNumber(help_text="The number of the newest version.")
    content_hash = Text(max_length=64, help_text="Of the newest version: what a vote names.")
    published = WholeNumber(allow_null=True, help_text="The number of the version in force.")
    published_at = Moment(allow_null=True)
    reviewed_at = Moment(allow_null=True)
    review_due_at = Moment(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()
    url = Text(max_length=URL)


class CompliancePolicyDetailOut(CompliancePolicyOut):
    """A policy with the text in force, before there is one with the newest."""

    text = Text(max_length=MAX_TEXT)
    text_hash = Text(max_length=64, help_text="What a signature names.")


class CompliancePolicyPage(Body):
    """One page of policies."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = CompliancePolicyOut(many=True)


class CompliancePolicyVersionOut(Body):
    """What a policy said."""

    number = WholeNumber()
    text = Text(max_length=MAX_TEXT)
    note = Text(max_length=MAX_NOTE)
    content_hash = Text(max_length=64)
    written_at = Moment()


class CompliancePolicyVersionPage(Body):
    """One page of versions."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = CompliancePolicyVersionOut(many=True)


class AttestationOut(Body):
    """A signature: who, under which exact version, when."""

    id = WholeNumber()
    policy = Text(max_length=KEY)
    number = WholeNumber()
    content_hash = Text(max_length=64)
    person = CompliancePersonOut()
    signed_at = Moment()


class AttestationPage(Body):
    """One page of signatures."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = AttestationOut(many=True)


class CompliancePersonPage(Body):
    """One page of people."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = CompliancePersonOut(many=True)


class DocumentFields(Body):
    """What the register says of a document."""

    title = Text(max_length=MAX_TITLE, blank=False, required=False)
    kind = serializers.ChoiceField(DOCUMENT_KINDS, required=False)
    owner = Text(max_length=254, blank=False, required=False, help_text="Id or e-mail address.")
    service = Text(
        max_length=SLUG,
        required=False,
        help_text="The service that it is about; empty: all.",
    )
    team = Text(max_length=SLUG, required=False)
    url = Text(max_length=MAX_URL, required=False, help_text="Where it lies. Looked at each day.")
    review_every = serializers.ChoiceField(REVIEWS, required=False)


class DocumentBody(DocumentFields):
    """A document for the register."""

    title = Text(max_length=MAX_TITLE, blank=False)
    kind = serializers.ChoiceField(DOCUMENT_KINDS)
    url = Text(max_length=MAX_URL, blank=False, help_text="Where it lies. Looked at each day.")
    reviewed_at = Moment(
        required=False,
        help_text="When it was reviewed last, as its owner or an administrator says. Without: not yet.",
    )


class DocumentPatch(DocumentFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class DocumentOut(Body):
    """A document in the register."""

    key = Text(max_length=KEY)
    title = Text(max_length=MAX_TITLE)
    kind = serializers.ChoiceField(DOCUMENT_KINDS)
    state = serializers.ChoiceField(DOCUMENT.choices)
    owner = CompliancePersonOut()
    service = Text(max_length=SLUG)
    team = Text(max_length=SLUG)
    document_url = Text(max_length=MAX_URL, help_text="Where it lies.")
    is_stored = serializers.BooleanField(help_text="Whether the portal keeps its file.")
    link = serializers.ChoiceField(DocumentLink.State.choices, allow_null=True)
    link_detail = Text(max_length=200)
    link_checked_at = Moment(allow_null=True)
    review_every = serializers.ChoiceField(REVIEWS)
    reviewed_at = Moment(allow_null=True)
    review_due_at = Moment(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()
    url = Text(max_length=URL)


class DocumentPage(Body):
    """One page of documents."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = DocumentOut(many=True)


def policy_out(policy: Policy) -> dict[str, Any]:
    """Return what the API says of a policy; its owner is loaded."""
    key = f":{policy.audience_key}" if policy.audience_key else ""
    return {
        "key": policy.key,
        "title": policy.title,
        "kind": policy.kind,
        "state": policy.state,
        "owner": person_out(policy.owner),
        "audience": f"{policy.audience_kind}{key}",
        "attest_within_days": policy.attest_within_days,
        "review_every": policy.review_every,
        "latest": policy.latest,
        "content_hash": policy.content_hash,
        "published": policy.published,
        "published_at": utc(policy.published_at),
        "reviewed_at": utc(policy.reviewed_at),
        "review_due_at": utc(policy.review_due_at),
        "created_at": utc(policy.created_at),
        "updated_at": utc(policy.updated_at),
        "version": policy.version,
        "url": policy_path(policy.pk),
    }


def policy_version_out(row: PolicyVersion) -> dict[str, Any]:
    """Return what the API says of one version."""
    return {
        "number": row.number,
        "text": row.text,
        "note": row.note,
        "content_hash": row.content_hash,
        "written_at": utc(row.written_at),
    }


def attestation_out(row: Attestation) -> dict[str, Any]:
    """Return what the API says of a signature; policy and person are loaded."""
    return {
        "id": row.pk,
        "policy": row.policy.key,
        "number": row.number,
        "content_hash": row.content_hash,
        "person": person_out(row.person),
        "signed_at": utc(row.signed_at),
    }


def document_out(document: Document) -> dict[str, Any]:
    """Return what the API says of a document; it is loaded as by `documents_loaded`."""
    link: DocumentLink | None = getattr(document, "link", None)
    return {
        "key": document.key,
        "title": document.title,
        "kind": document.kind,
        "state": document.state,
        "owner": person_out(document.owner),
        "service": document.service.slug if document.service else "",
        "team": document.team.slug if document.team else "",
        "document_url": document.url,
        "is_stored": document.attachment is not None,
        "link": link.state if link else None,
        "link_detail": link.detail if link else "",
        "link_checked_at": utc(link.checked_at) if link else None,
        "review_every": document.review_every,
        "reviewed_at": utc(document.reviewed_at),
        "review_due_at": utc(document.review_due_at),
        "created_at": utc(document.created_at),
        "updated_at": utc(document.updated_at),
        "version": document.version,
        "url": document_path(document.pk),
    }
