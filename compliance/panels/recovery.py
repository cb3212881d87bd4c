"""What other pages show of recovery; its subjects, and who judges its rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from compliance import evaluators, subjects
from compliance.facts.recovery import asset_facts
from compliance.models import Asset, Exercise, RestoreTest
from compliance.models.recovery import ASSET_PREFIX, EXERCISE_PREFIX, HOLD_PREFIX, RESTORE_TEST_PREFIX
from compliance.selectors.recovery import assets_loaded
from compliance.services.recovery.evaluating import recover_evaluate, retain_evaluate
from compliance.services.recovery.telling import asset_subject
from compliance.subjects import Known
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key
from opsportal.core.registry import Panel, SearchHit, key_urls, panels, search_sources
from opsportal.obligations.terms import Owner
from opsportal.standards.standing import Recover, Retain

SHOWN, SHOWN_EXERCISES = 20, 5


def assets_known(now: datetime) -> Iterator[Known]:
    """Yield the assets in use, as what something may be owed about."""
    for asset in assets_loaded().filter(state="active").order_by("id"):
        subject = asset_subject(asset)
        yield Known(
            key=asset.key,
            title=asset.name,
            since=asset.created_at,
            owner=Owner.user(asset.owner_id),
            facts=asset_facts(asset),
            services=subject.services,
            teams=subject.teams,
        )


def asset_path(number: int) -> str:
    """Return the path of the page of an asset."""
    return reverse("compliance:asset", args=[format_key(ASSET_PREFIX, number)])


def restore_test_path(number: int) -> str:
    """Return the path of the page of a restore test."""
    return reverse("compliance:restore-test", args=[format_key(RESTORE_TEST_PREFIX, number)])


def exercise_path(number: int) -> str:
    """Return the path of the page of an exercise."""
    return reverse("compliance:exercise", args=[format_key(EXERCISE_PREFIX, number)])


def hold_path(number: int) -> str:
    """Return the path of the page on which a legal hold stands."""
    return f"{reverse('compliance:retention')}#{format_key(HOLD_PREFIX, number)}"


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find assets by name or slug, exercises by title, and restore tests by the name of their asset."""
    assets = Asset.objects.filter(Q(name__icontains=text) | Q(slug__icontains=text)).order_by("name", "id")
    hits = [SearchHit(row.key, row.name, "Asset", asset_path(row.pk)) for row in assets[:limit]]
    exercises = Exercise.objects.filter(title__icontains=text).order_by("-planned_for", "-id")
    hits += [
        SearchHit(row.key, row.title, row.get_kind_display(), exercise_path(row.pk))
        for row in exercises[:limit]
    ]
    tests = RestoreTest.objects.select_related("asset").filter(
        Q(asset__name__icontains=text) | Q(asset__slug__icontains=text)
    )
    hits += [
        SearchHit(row.key, f"Restore test of {row.asset.name}", "Restore test", restore_test_path(row.pk))
        for row in tests.order_by("-planned_for", "-id")[:limit]
    ]
    return hits[:limit]


def of_service(actor: Actor, now: datetime, service: Service) -> dict[str, Any] | None:
    """Return the assets of a service with their newest restore test, and its exercises; None without any."""
    assets = list(assets_loaded().filter(service=service, state="active").order_by("name", "id")[:SHOWN])
    tests: dict[int, RestoreTest] = {}
    for test in RestoreTest.objects.filter(asset__in=assets).order_by("planned_for", "id"):
        tests[test.asset_id] = test
    exercises = list(
        Exercise.objects.filter(concerned__service=service).order_by("-planned_for", "-id")[:SHOWN_EXERCISES]
    )
    if not assets and not exercises:
        return None
    return {"assets": [(asset, tests.get(asset.pk)) for asset in assets], "exercises": exercises}


def register() -> None:
    """Put what is of recovery where it belongs. Called once, when the app is ready."""
    for prefix, path in (
        (ASSET_PREFIX, asset_path),
        (RESTORE_TEST_PREFIX, restore_test_path),
        (EXERCISE_PREFIX, exercise_path),
        (HOLD_PREFIX, hold_path),
    ):
        key_urls.add(prefix, path)
    search_sources.add("recovery", search)
    panels.add(
        "compliance.recovery",
        Panel("service.main", 62, "compliance/recovery/panel_service.html", of_service),
    )
    subjects.register("asset", assets_known)
    evaluators.register(Recover, recover_evaluate)
    evaluators.register(Retain, retain_evaluate)
