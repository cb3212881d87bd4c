"""Pages of assets, restore tests, exercises and retention: what they show, and each step on them."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from compliance.models import Asset, Exercise, LegalHold, RestoreTest
from opsportal.accounts.models import User
from opsportal.core.clock import edge_now
from tests.recovering import Cast, make_cast, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, path: str, status: int = 302, **fields: Any) -> Any:
    answer = client.post(path, fields)
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_restore_test_from_the_page_of_its_asset_to_its_witness(cast: Cast) -> None:
    told(cast.asset, now=edge_now())
    olga = browser(cast.owner)
    assert "Payments Db" in shown(olga, "/assets/")
    assert "Plan a restore test" in shown(olga, "/assets/AST-1/")
    assert "Plan a restore test" not in shown(browser(cast.other), "/assets/AST-1/")
    post(
        olga,
        "/assets/AST-1/restore-tests/",
        procedure="database-restore",
        scope="whole",
        environment="staging",
    )
    path = "/restore-tests/RST-1/"
    assert "Ready to begin?" in shown(olga, path)
    post(olga, f"{path}start/", version=1)
    assert "Pass" in str(post(olga, f"{path}finish/", 400, level="restored", outcome="passed").content)
    post(olga, f"{path}steps/1/fail/", 400, note="")
    for number in range(1, 5):
        post(olga, f"{path}steps/{number}/do/")
    file = SimpleUploadedFile("log.txt", b"restored 12 rows")
    post(olga, "/trial-files/restore_test/RST-1/", file=file, note="the log")
    post(olga, "/trial-files/restore_test/RST-1/", 400)
    post(olga, f"{path}finish/", level="integrity_verified", outcome="passed", findings="All *there*.")
    page = shown(browser(cast.other), path)
    assert "The restored data is whole" in page
    assert "log.txt" in page
    post(olga, f"{path}witness/", 409)
    post(browser(cast.other), f"{path}witness/")
    assert RestoreTest.objects.get().witness == cast.other
    assert "RST-1" in shown(olga, "/restore-tests/?state=over")


def test_the_report_on_backups_is_a_page_a_sheet_and_looks_back_30_days(cast: Cast) -> None:
    told(cast.asset, now=edge_now())
    olga = browser(cast.owner)
    page = shown(olga, "/reports/backups/")
    begin = edge_now().date() - timedelta(days=30)
    assert f"{begin} to {edge_now().date()} (UTC)" in page
    for path in ("/reports/backups/report.csv", "/api/v1/reports/backups/?format=csv"):
        sheet = b"".join(olga.get(path)).decode("utf-8-sig")
        (row,) = csv.DictReader(sheet.splitlines())
        assert (row["asset"], row["tier"], row["succeeded"]) == ("payments-db", "critical", "1")


def test_without_a_backup_the_page_says_how_to_report_one(cast: Cast) -> None:
    olga = browser(cast.owner)
    assert "/api/v1/backups/" in shown(olga, "/assets/AST-1/")
    refused = post(olga, "/assets/AST-1/restore-tests/", 400, scope="whole")
    assert "Report one first" in refused.content.decode()
    assert "No backup yet" in shown(olga, "/assets/?status=silent")
    assert "No asset fits" in shown(olga, "/assets/?q=nothing-like-it")


def test_an_asset_is_written_edited_and_retired(cast: Cast) -> None:
    olga = browser(cast.owner)
    shown(olga, "/assets/new/")
    given: dict[str, Any] = {
        "name": "Files",
        "slug": "files",
        "kind": "files",
        "data_type": "user_data",
        "team": "payments",
    }
    wrong = post(olga, "/assets/new/", 400, **given, owner=str(cast.owner.pk))
    assert "Name its tier" in wrong.content.decode()
    post(olga, "/assets/new/", **given, owner=str(cast.owner.pk), tier="core")
    asset = Asset.objects.get(slug="files")
    shown(olga, f"/assets/{asset.key}/edit/")
    post(
        olga,
        f"/assets/{asset.key}/edit/",
        **{**given, "name": "All files"},
        owner=str(cast.owner.pk),
        tier="core",
        version=1,
    )
    post(olga, f"/assets/{asset.key}/retire/", 400, reason="")
    post(olga, f"/assets/{asset.key}/retire/", reason="They moved.")
    assert "All files" in shown(olga, "/assets/?state=retired")
    post(olga, f"/assets/{asset.key}/reinstate/")
    assert browser(cast.other).post(f"/assets/{asset.key}/retire/", {"reason": "x"}).status_code == 403


def test_an_exercise_from_plan_to_findings(cast: Cast) -> None:
    olga = browser(cast.owner)
    shown(olga, "/exercises/new/")
    given: dict[str, Any] = {
        "title": "The region is gone",
        "kind": "game_day",
        "planned_for": "2026-12-01T10:00",
    }
    post(olga, "/exercises/new/", 400, kind="game_day")
    post(
        olga,
        "/exercises/new/",
        **given,
        steps="Fail over\nTell everybody",
        services=["payments-api"],
        participants=[str(cast.owner.pk), str(cast.other.pk)],
    )
    path = "/exercises/EXR-1/"
    shown(olga, f"{path}edit/")
    post(olga, f"{path}edit/", **given, scenario="At night.", version=1)
    post(olga, f"{path}start/")
    post(olga, f"{path}steps/1/do/")
    post(olga, f"{path}steps/2/skip/", note="Nobody was awake.")
    post(olga, f"{path}complete/", 400, outcome="failed")
    post(olga, f"{path}complete/", outcome="partly", findings="Numbers were out of date.")
    assert Exercise.objects.get().outcome == "partly"
    assert "Numbers were out of date." in shown(olga, path)
    assert "The region is gone" in shown(olga, "/exercises/")


def test_retention_shows_each_class_and_holds_are_placed_and_lifted(cast: Cast) -> None:
    ann = browser(cast.admin)
    page = shown(ann, "/retention/")
    assert "keep-posts" in page
    assert "Audit trail" in page
    post(ann, "/retention/holds/", 400, records="alert_messages")
    post(ann, "/retention/holds/", records="alert_messages", reason="A lawsuit.")
    post(ann, "/retention/holds/HLD-1/lift/", reason="It is settled.", version=1)
    assert LegalHold.objects.get().state == "lifted"
    assert "Place a legal hold" not in shown(browser(cast.other), "/retention/")
