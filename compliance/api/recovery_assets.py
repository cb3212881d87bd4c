"""The API of assets, backups and legal holds."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.recovery_bodies import (
    AssetBody,
    AssetOut,
    AssetPage,
    AssetPatch,
    AssetStepBody,
    BackupBody,
    BackupOut,
    BackupPage,
    LegalHoldBody,
    LegalHoldLiftBody,
    LegalHoldOut,
    LegalHoldPage,
    asset_out,
    backup_out,
    hold_out,
)
from compliance.models import Asset
from compliance.models.recovery import ASSET_PREFIX
from compliance.recovery.points import KINDS
from compliance.recovery.states import ASSET, HOLD
from compliance.recovery.words import RESULTS, TIERS, keys
from compliance.selectors.recovery import (
    asset_by_key,
    assets_loaded,
    backup_by_number,
    backups_loaded,
    hold_by_key,
    holds_loaded,
)
from compliance.services.recovery.assets import asset_create, asset_edit, asset_reinstate, asset_retire
from compliance.services.recovery.backups import backup_record
from compliance.services.recovery.holds import hold_lift, hold_place
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.core.keys import number_of

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read: `"3"`.'
)
PAGING = [OpenApiParameter("page_size", int, description="1 to 200"), OpenApiParameter("cursor", str)]
ASSET_ORDER = {
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
BACKUP_ORDER = {"-finished_at": ("-finished_at", "-id"), "finished_at": ("finished_at", "id")}


def asset_named(name: str, *, field: str) -> Asset:
    """Return the asset with this slug or key. Raises `InvalidInput` where a body or query names none."""
    number = number_of(name, ASSET_PREFIX)
    found = (Asset.objects.filter(pk=number) if number else Asset.objects.filter(slug=name)).first()
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such asset.")
    return found


def _asset(key: str, *, status: int = 200) -> Response:
    asset = asset_by_key(key)
    return Response(asset_out(asset), status=status, headers={"ETag": f'"{asset.version}"'})


class AssetList(ApiView):
    """Assets."""

    area = "compliance"

    @extend_schema(
        operation_id="assets_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(ASSET.states)),
            OpenApiParameter("tier", str, enum=list(keys(TIERS)), description="Its own tier."),
            OpenApiParameter("service", str, description="Only those of this service (a slug)."),
            OpenApiParameter("ordering", str, enum=sorted(ASSET_ORDER)),
            *PAGING,
        ],
        responses=AssetPage,
    )
    def get(self, request: Request) -> Response:
        """List what must be recoverable, by name."""
        query = Query(request, {"state", "tier", "service"})
        rows = assets_loaded()
        if state := query.choice("state", ASSET.states):
            rows = rows.filter(state=state)
        if tier := query.choice("tier", keys(TIERS)):
            rows = rows.filter(own_tier=tier)
        if service := query.text("service"):
            rows = rows.filter(service__slug=service)
        return self.page(rows, asset_out, ordering=ASSET_ORDER, default="name")

    @extend_schema(operation_id="assets_create", request=AssetBody, responses={201: AssetOut})
    def post(self, request: Request) -> Response:
        """Write down an asset."""
        Query(request, paged=False)
        fields = read_body(request, AssetBody)
        asset = asset_create(actor=self.actor, now=edge_now(), slug=fields.pop("slug"), fields=fields)
        response = _asset(asset.key, status=201)
        response["Location"] = f"/api/v1/assets/{asset.key}/"
        return response


class AssetDetail(ApiView):
    """One asset."""

    area = "compliance"

    @extend_schema(operation_id="assets_retrieve", responses=AssetOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an asset, by key or slug."""
        Query(request, paged=False)
        return _asset(key)

    @extend_schema(operation_id="assets_edit", parameters=[IF_MATCH], request=AssetPatch, responses=AssetOut)
    def patch(self, request: Request, key: str) -> Response:
        """Change an asset."""
        Query(request, paged=False)
        body = read_body(request, AssetPatch, partial=True)
        version = expected_version(request, body)
        asset = asset_by_key(key)
        asset_edit(actor=self.actor, now=edge_now(), pk=asset.pk, fields=body, version=version)
        return _asset(key)


class AssetRetire(ApiView):
    """Taking an asset out of use."""

    area = "compliance"

    @extend_schema(
        operation_id="assets_retire", parameters=[IF_MATCH], request=AssetStepBody, responses=AssetOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Retire an asset, with the reason: nothing is owed for it any more."""
        Query(request, paged=False)
        body = read_body(request, AssetStepBody)
        version = expected_version(request, body)
        pk = asset_by_key(key).pk
        asset_retire(actor=self.actor, now=edge_now(), pk=pk, reason=body.get("reason", ""), version=version)
        return _asset(key)


class AssetReinstate(ApiView):
    """Taking an asset into use again."""

    area = "compliance"

    @extend_schema(
        operation_id="assets_reinstate", parameters=[IF_MATCH], request=AssetStepBody, responses=AssetOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Take a retired asset into use again."""
        Query(request, paged=False)
        body = read_body(request, AssetStepBody)
        version = expected_version(request, body)
        asset_reinstate(actor=self.actor, now=edge_now(), pk=asset_by_key(key).pk, version=version)
        return _asset(key)


class BackupList(ApiView):
    """Backups that were reported."""

    area = "compliance"

    @extend_schema(
        operation_id="backups_list",
        parameters=[
            OpenApiParameter("asset", str, description="Slug or key of an asset."),
            OpenApiParameter("kind", str, enum=list(keys(KINDS))),
            OpenApiParameter("result", str, enum=list(keys(RESULTS))),
            OpenApiParameter("from", str, description="Only what finished at or after this time."),
            OpenApiParameter("to", str, description="Only what finished before this time."),
            OpenApiParameter("ordering", str, enum=sorted(BACKUP_ORDER)),
            *PAGING,
        ],
        responses=BackupPage,
    )
    def get(self, request: Request) -> Response:
        """List reported backups, the newest first."""
        query = Query(request, {"asset", "kind", "result", "from", "to"})
        rows = backups_loaded()
        if name := query.text("asset"):
            rows = rows.filter(asset=asset_named(name, field="asset"))
        if kind := query.choice("kind", keys(KINDS)):
            rows = rows.filter(kind=kind)
        if result := query.choice("result", keys(RESULTS)):
            rows = rows.filter(result=result)
        if since := query.moment("from"):
            rows = rows.filter(finished_at__gte=since)
        if until := query.moment("to"):
            rows = rows.filter(finished_at__lt=until)
        return self.page(
            rows, backup_out, ordering=BACKUP_ORDER, default="-finished_at", changed=("recorded_at",)
        )

    @extend_schema(operation_id="backups_report", request=BackupBody, responses={201: BackupOut})
    def post(self, request: Request) -> Response:
        """Report a backup: what, when, how large, where, with what result. Sent twice, it is kept once."""
        Query(request, paged=False)
        fields = read_body(request, BackupBody)
        asset = asset_named(fields.pop("asset"), field="asset")
        backup = backup_record(actor=self.actor, now=edge_now(), asset=asset.pk, fields=fields)
        return Response(backup_out(backup), status=201, headers={"Location": f"/api/v1/backups/{backup.pk}/"})


class BackupDetail(ApiView):
    """One backup."""

    area = "compliance"

    @extend_schema(operation_id="backups_retrieve", responses=BackupOut)
    def get(self, request: Request, pk: str) -> Response:
        """Show a reported backup."""
        Query(request, paged=False)
        return Response(backup_out(backup_by_number(int(pk))))


class LegalHoldList(ApiView):
    """Legal holds."""

    area = "compliance"

    @extend_schema(
        operation_id="legal_holds_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(HOLD.states)),
            OpenApiParameter("ordering", str, enum=["-id", "id"]),
            *PAGING,
        ],
        responses=LegalHoldPage,
    )
    def get(self, request: Request) -> Response:
        """List legal holds, the newest first."""
        query = Query(request, {"state"})
        rows = holds_loaded()
        if state := query.choice("state", HOLD.states):
            rows = rows.filter(state=state)
        return self.page(rows, hold_out, ordering={"-id": ("-id",), "id": ("id",)}, default="-id")

    @extend_schema(operation_id="legal_holds_place", request=LegalHoldBody, responses={201: LegalHoldOut})
    def post(self, request: Request) -> Response:
        """Place a legal hold: nobody deletes what it covers."""
        Query(request, paged=False)
        fields = read_body(request, LegalHoldBody)
        hold = hold_place(actor=self.actor, now=edge_now(), fields=fields)
        return Response(hold_out(hold_by_key(hold.key)), status=201)


class LegalHoldDetail(ApiView):
    """One legal hold."""

    area = "compliance"

    @extend_schema(operation_id="legal_holds_retrieve", responses=LegalHoldOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a legal hold."""
        Query(request, paged=False)
        return Response(hold_out(hold_by_key(key)))


class LegalHoldLift(ApiView):
    """Lifting a legal hold."""

    area = "compliance"

    @extend_schema(
        operation_id="legal_holds_lift",
        parameters=[IF_MATCH],
        request=LegalHoldLiftBody,
        responses=LegalHoldOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Lift a legal hold, with the reason."""
        Query(request, paged=False)
        body = read_body(request, LegalHoldLiftBody)
        version = expected_version(request, body)
        hold = hold_by_key(key)
        hold_lift(actor=self.actor, now=edge_now(), pk=hold.pk, reason=body["reason"], version=version)
        return Response(hold_out(hold_by_key(key)))
