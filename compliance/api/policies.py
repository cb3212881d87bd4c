"""The API of policies and of signatures under them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.controls import IF_MATCH, PAGING, answer
from compliance.api.controls_bodies import person_out
from compliance.api.policies_bodies import (
    AttestationOut,
    AttestationPage,
    ComplianceNoteBody,
    CompliancePersonPage,
    CompliancePolicyBody,
    CompliancePolicyDetailOut,
    CompliancePolicyPage,
    CompliancePolicyPatch,
    CompliancePolicyStepBody,
    CompliancePolicyVersionPage,
    CompliancePolicyVoteBody,
    ComplianceReasonBody,
    SignatureBody,
    attestation_out,
    policy_out,
    policy_version_out,
)
from compliance.models import Attestation, Policy, PolicyVersion
from compliance.models.policies import POLICY_PREFIX
from compliance.policing.states import POLICY
from compliance.policing.words import POLICY_KINDS
from compliance.selectors.policies import (
    ORDERINGS,
    policies_loaded,
    policy_by_key,
    policy_version,
    unsigned,
)
from compliance.services.policies.approval import policy_vote
from compliance.services.policies.policies import (
    policy_create,
    policy_edit,
    policy_publish,
    policy_reinstate,
    policy_retire,
    policy_review,
    policy_submit,
    policy_withdraw,
)
from compliance.services.policies.signatures import policy_attest
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.outcome import Decision
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.keys import number_of

F = TypeVar("F", bound=Callable[..., Any])


def _policy(key: str, *, status: int = 200) -> Response:
    policy = policy_by_key(key)
    shown = policy_version(policy, policy.published or policy.latest)
    document = {**policy_out(policy), "text": shown.text, "text_hash": shown.content_hash}
    place = f"/api/v1/policies/{policy.key}/" if status == 201 else ""
    return answer(document, policy.version, status=status, place=place)


class PolicyList(ApiView):
    """Policies."""

    area = "compliance"

    @extend_schema(
        operation_id="policies_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(POLICY.states)),
            OpenApiParameter("kind", str, enum=[kind for kind, _ in POLICY_KINDS]),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            *PAGING,
        ],
        responses=CompliancePolicyPage,
    )
    def get(self, request: Request) -> Response:
        """List policies by title."""
        query = Query(request, {"state", "kind"})
        rows = policies_loaded()
        if state := query.choice("state", POLICY.states):
            rows = rows.filter(state=state)
        if kind := query.choice("kind", dict(POLICY_KINDS)):
            rows = rows.filter(kind=kind)
        return self.page(rows, policy_out, ordering=ORDERINGS, default="title")

    @extend_schema(
        operation_id="policies_create",
        request=CompliancePolicyBody,
        responses={201: CompliancePolicyDetailOut},
    )
    def post(self, request: Request) -> Response:
        """Draft a policy."""
        Query(request, paged=False)
        fields = read_body(request, CompliancePolicyBody)
        made = policy_create(actor=self.actor, now=edge_now(), fields=fields)
        return _policy(made.key, status=201)


class PolicyDetail(ApiView):
    """One policy."""

    area = "compliance"

    @extend_schema(operation_id="policies_retrieve", responses=CompliancePolicyDetailOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a policy with the text in force."""
        Query(request, paged=False)
        return _policy(key)

    @extend_schema(
        operation_id="policies_edit",
        parameters=[IF_MATCH],
        request=CompliancePolicyPatch,
        responses=CompliancePolicyDetailOut,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change a policy. Another text is a draft of another version; what is in force stays so."""
        Query(request, paged=False)
        fields = read_body(request, CompliancePolicyPatch, partial=True)
        version = expected_version(request, fields)
        policy_edit(actor=self.actor, now=edge_now(), key=key, fields=fields, version=version)
        return _policy(key)


class PolicyVersions(ApiView):
    """What a policy said."""

    area = "compliance"

    @extend_schema(
        operation_id="policies_versions",
        parameters=[OpenApiParameter("ordering", str, enum=["-number", "number"]), *PAGING],
        responses=CompliancePolicyVersionPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List the versions of a policy, newest first."""
        Query(request)
        rows = PolicyVersion.objects.filter(policy=policy_by_key(key))
        orderings = {"-number": ("-number", "-id"), "number": ("number", "id")}
        return self.page(
            rows, policy_version_out, ordering=orderings, default="-number", changed=("written_at",)
        )


class PolicyUnsigned(ApiView):
    """Who still has to sign."""

    area = "compliance"

    @extend_schema(
        operation_id="policies_unsigned",
        parameters=[OpenApiParameter("ordering", str, enum=["name"]), *PAGING],
        responses=CompliancePersonPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List who of the audience has not signed the version in force, by name."""
        Query(request)
        rows = unsigned(policy_by_key(key), edge_now())
        return self.page(rows, person_out, ordering={"name": ("full_name", "id")}, default="name")


class PolicyVote(ApiView):
    """Votes on a policy."""

    area = "compliance"

    @extend_schema(
        operation_id="policies_vote", request=CompliancePolicyVoteBody, responses=CompliancePolicyDetailOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Vote on the submitted version; people only."""
        Query(request, paged=False)
        fields = read_body(request, CompliancePolicyVoteBody)
        decision = Decision(fields.pop("decision"))
        policy_vote(actor=self.actor, now=edge_now(), key=key, decision=decision, **fields)
        return _policy(key)


class _Step(ApiView):
    """One step of a policy's life. `move` is the service that takes it."""

    area = "compliance"
    body: ClassVar[type[Body]] = CompliancePolicyStepBody
    move: ClassVar[Callable[..., Policy]]

    def take(self, request: Request, key: str) -> Response:
        Query(request, paged=False)
        fields = read_body(request, self.body)
        version = expected_version(request, fields)
        self.move(actor=self.actor, now=edge_now(), key=key, version=version, **fields)
        return _policy(key)


def _step_schema(verb: str, body: type[Body] = CompliancePolicyStepBody) -> Callable[[F], F]:
    return extend_schema(
        operation_id=f"policies_{verb}",
        parameters=[IF_MATCH],
        request=body,
        responses=CompliancePolicyDetailOut,
    )


class PolicySubmit(_Step):
    move = staticmethod(policy_submit)

    @_step_schema("submit")
    def post(self, request: Request, key: str) -> Response:
        """Submit the newest version for approval."""
        return self.take(request, key)


class PolicyWithdraw(_Step):
    move = staticmethod(policy_withdraw)

    @_step_schema("withdraw")
    def post(self, request: Request, key: str) -> Response:
        """Take it back from review."""
        return self.take(request, key)


class PolicyPublish(_Step):
    move = staticmethod(policy_publish)

    @_step_schema("publish")
    def post(self, request: Request, key: str) -> Response:
        """Put the approved version in force; its audience owes signatures from now on."""
        return self.take(request, key)


class PolicyReview(_Step):
    body = ComplianceNoteBody
    move = staticmethod(policy_review)

    @_step_schema("review", ComplianceNoteBody)
    def post(self, request: Request, key: str) -> Response:
        """Keep that a person found that the version in force holds."""
        return self.take(request, key)


class PolicyRetire(_Step):
    body = ComplianceReasonBody
    move = staticmethod(policy_retire)

    @_step_schema("retire", ComplianceReasonBody)
    def post(self, request: Request, key: str) -> Response:
        """Put it out of force."""
        return self.take(request, key)


class PolicyReinstate(_Step):
    move = staticmethod(policy_reinstate)

    @_step_schema("reinstate")
    def post(self, request: Request, key: str) -> Response:
        """Make a retired policy a draft again."""
        return self.take(request, key)


class AttestationList(ApiView):
    """Signatures under policies."""

    area = "compliance"

    @extend_schema(
        operation_id="attestations_list",
        parameters=[
            OpenApiParameter("policy", str, description="Only under this policy (its key)."),
            OpenApiParameter("number", int, description="Only under this version."),
            OpenApiParameter("ordering", str, enum=["id", "-id"]),
            *PAGING,
        ],
        responses=AttestationPage,
    )
    def get(self, request: Request) -> Response:
        """List signatures, newest first."""
        query = Query(request, {"policy", "number"})
        rows = Attestation.objects.select_related("policy", "person")
        if key := query.text("policy"):
            try:
                rows = rows.filter(policy=policy_by_key(key))
            except NotFound:
                raise InvalidInput.of("policy", "unknown", "There is no such policy.") from None
        if number := query.text("number", max_length=9):
            if not (number.isascii() and number.isdigit()):
                raise InvalidInput.of("number", "not_a_number", "Must be a whole number.")
            rows = rows.filter(number=int(number))
        return self.page(
            rows,
            attestation_out,
            ordering={"id": ("id",), "-id": ("-id",)},
            default="-id",
            changed=("signed_at",),
        )

    @extend_schema(operation_id="attestations_sign", request=SignatureBody, responses={201: AttestationOut})
    def post(self, request: Request) -> Response:
        """Sign the version in force for oneself: its number and hash are those that were read."""
        Query(request, paged=False)
        fields = read_body(request, SignatureBody)
        key = fields.pop("policy")
        if not Policy.objects.filter(pk=number_of(key, POLICY_PREFIX) or 0).exists():
            raise InvalidInput.of("policy", "unknown", "There is no such policy.")
        row = policy_attest(actor=self.actor, now=edge_now(), key=key, **fields)
        loaded = Attestation.objects.select_related("policy", "person").get(pk=row.pk)
        return Response(attestation_out(loaded), status=201)
