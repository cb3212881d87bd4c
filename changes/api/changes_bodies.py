"""What comes in about changes: exact types, no unknown names. What is allowed is the services' business."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from changes.models import Change, ChangeComment
from changes.services.closing import MAX_EVIDENCE
from changes.services.comments import MAX_COMMENT
from changes.services.fields import MAX_TAGS, MAX_TARGETS, MAX_TEXT
from changes.services.reasons import MAX_REASON
from opsportal.api.serializers import Body, Moment, Text, WholeNumber
from opsportal.approvals.models.conditions import MAX_CONDITION, MAX_CONDITIONS, MAX_REMARK
from opsportal.approvals.models.conditions import MAX_EVIDENCE as MAX_PROOF
from opsportal.approvals.models.recusals import MAX_REASON as MAX_RECUSAL
from opsportal.core.errors import InvalidInput

SLUG = 60
HASH = 64
IDENTIFIER = 254


def _version() -> WholeNumber:
    return WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


def _long(words: str) -> Text:
    return Text(max_length=MAX_TEXT, lines=True, required=False, help_text=words)


class TargetBody(Body):
    """One service in one environment."""

    service = Text(max_length=SLUG, blank=False)
    environment = Text(max_length=SLUG, blank=False)


class ChangeFields(Body):
    """What people write into a change."""

    type = serializers.ChoiceField(
        Change.Type.choices, required=False, help_text="Needed, unless a template is named."
    )
    title = Text(max_length=200, blank=False, required=False, help_text="Needed, unless a template is named.")
    description = _long("What is done.")
    justification = _long("Why it is needed.")
    risk = serializers.ChoiceField(Change.Risk.choices, required=False)
    risk_assessment = _long("What may go wrong, and how likely it is.")
    impact = _long("Whom it touches.")
    plan = _long("The steps of the implementation.")
    test_evidence = _long("How the steps were tested.")
    rollback_plan = _long("The way back.")
    window_start = Moment(required=False, allow_null=True, help_text="When its window opens.")
    window_end = Moment(required=False, allow_null=True, help_text="When its window ends.")
    services = serializers.ListField(
        child=Text(max_length=SLUG, blank=False),
        required=False,
        max_length=MAX_TARGETS,
        help_text="Slugs. The change names each of these services in each of `environments`.",
    )
    environments = serializers.ListField(
        child=Text(max_length=SLUG, blank=False), required=False, max_length=MAX_TARGETS
    )
    environment = Text(
        max_length=SLUG, blank=False, required=False, help_text="Short for `environments` with one."
    )
    targets = TargetBody(
        many=True,
        required=False,
        help_text="In place of `services` and `environments`, where not each service is in each.",
    )
    implementer = Text(
        max_length=IDENTIFIER,
        required=False,
        allow_null=True,
        help_text="Who carries it out: the id or e-mail address of a person.",
    )
    template = Text(
        max_length=SLUG,
        required=False,
        allow_null=True,
        help_text="An approved template. It fixes risk, plan and rollback plan.",
    )
    activates = Text(
        max_length=HASH,
        required=False,
        allow_null=True,
        help_text="The content hash of a stored standard that carrying out the change puts in force.",
    )
    tags = serializers.ListField(child=Text(max_length=40, blank=False), required=False, max_length=MAX_TAGS)


class ChangeBody(ChangeFields):
    """A new draft. A service account names a requester, or a template."""

    requester = Text(
        max_length=IDENTIFIER,
        required=False,
        help_text="On whose behalf a service account writes: the id or e-mail address of a person."
        " People write their own.",
    )


class CloneBody(Body):
    """A copy. A service account names its requester, or copies a change that has a template."""

    requester = Text(max_length=IDENTIFIER, required=False, help_text="As for a new draft.")


class ChangePatch(ChangeFields):
    """What is to be different. A submitted change becomes a draft again, unless only tags differ.

    `review` and `lessons_learned` are written by themselves, after the implementation.
    """

    review = _long("What happened.")
    lessons_learned = _long("What was learned.")
    version = _version()


class MoveBody(Body):
    """A step; `version` is what the caller has read."""

    version = _version()


class ReasonBody(Body):
    """A step, and why it is taken. The reason stays in the history."""

    reason = Text(max_length=MAX_REASON, lines=True, required=False)
    version = _version()


class NeededReasonBody(Body):
    """A step that needs a reason. It stays in the history."""

    reason = Text(max_length=MAX_REASON, lines=True, blank=False)
    version = _version()


class VoteBody(Body):
    """A vote. `stage` is needed only by those who may vote in several stages."""

    content_hash = Text(
        max_length=HASH, required=False, help_text="The hash of what the voter saw; what it is now if absent."
    )
    comment = Text(
        max_length=MAX_COMMENT, lines=True, required=False, help_text="Say why, above all where you reject."
    )
    stage = Text(max_length=SLUG, required=False)
    on_behalf_of = Text(
        max_length=HASH,
        required=False,
        help_text="The id of the member who is away and in whose place a deputy votes. Left out, it is the"
        " caller's own vote, or that of the only one they stand in for.",
    )


class ApproveBody(VoteBody):
    """A yes to exactly the content that the voter saw."""

    content_hash = Text(max_length=HASH, blank=False, help_text="The hash of what the voter saw.")
    conditions = serializers.ListField(
        child=Text(max_length=MAX_CONDITION, blank=False),
        required=False,
        max_length=MAX_CONDITIONS,
        help_text="Tasks, one line each. The change does not start before all of them are confirmed.",
    )


class DoneBody(Body):
    """A condition is met, and what shows it."""

    evidence = Text(max_length=MAX_PROOF, lines=True, blank=False)


class EmptyBody(Body):
    """Nothing is told along."""


class RemarkBody(Body):
    """Why, in a few words."""

    reason = Text(max_length=MAX_REMARK, lines=True, required=False)


class NeededRemarkBody(Body):
    """Why it is sent back."""

    reason = Text(max_length=MAX_REMARK, lines=True, blank=False)


class RecuseBody(Body):
    """Why the caller must not decide. It stays with the round of approval."""

    reason = Text(max_length=MAX_RECUSAL, lines=True, blank=False)


class CommentBody(Body):
    """A remark, or a question to the requester."""

    text = Text(max_length=MAX_COMMENT, lines=True, blank=False)
    kind = serializers.ChoiceField(ChangeComment.Kind.choices, required=False)


class AnswerBody(Body):
    """What is done about an objection, or why it stays."""

    answer = Text(max_length=MAX_TEXT, lines=True, blank=False)
    version = _version()


class CommentPatch(Body):
    """What a comment says from now on."""

    text = Text(max_length=MAX_COMMENT, lines=True, blank=False)
    version = _version()


class AttestBody(Body):
    """A duty that the standard demands before closing is done, and what shows it."""

    duty = Text(max_length=SLUG, blank=False)
    evidence = Text(max_length=MAX_EVIDENCE, lines=True, required=False)
    version = _version()


class AttestationBody(Body):
    """One duty, given along with closing."""

    duty = Text(max_length=SLUG, blank=False)
    evidence = Text(max_length=MAX_EVIDENCE, lines=True, required=False)


class CloseBody(Body):
    """Closing. What the standard demands may be given along."""

    review = _long("What happened.")
    lessons_learned = _long("What was learned.")
    attestations = AttestationBody(many=True, required=False)
    version = _version()


REVIEW_FIELDS = frozenset({"review", "lessons_learned"})


def service_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields as the service takes them, out of a validated body.

    Raises `InvalidInput` where both `environment` and `environments` are given.
    """
    fields = dict(body)
    if "environment" in fields:
        if "environments" in fields:
            raise InvalidInput.of("environment", "twice", "Give either environment or environments.")
        fields["environments"] = [fields.pop("environment")]
    if "targets" in fields:
        fields["targets"] = [(target["service"], target["environment"]) for target in fields["targets"]]
    return fields


def attestations_of(body: dict[str, Any]) -> dict[str, object]:
    """Return duty -> evidence. Raises `InvalidInput` where a duty is given twice."""
    given = body.get("attestations", [])
    found = {one["duty"]: one.get("evidence", "") for one in given}
    if len(found) != len(given):
        raise InvalidInput.of("attestations", "twice", "Each duty is attested once.")
    return found
