"""The back office of evidence and conformance: looked at only."""

from __future__ import annotations

from django.contrib import admin

from compliance.models import ConformanceState, ConformanceTurn, Evidence
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin


@admin.register(Evidence)
class EvidenceAdmin(WrittenOnceAdmin):
    """What has happened that a rule may count."""

    list_display = (
        "event",
        "subject_kind",
        "subject_key",
        "record_key",
        "observed_at",
        "received_at",
        "valid_until",
    )
    list_filter = ("event", "subject_kind", "observed_at")
    search_fields = ("subject_key", "record_key", "summary", "digest")
    ordering = ("-id",)


@admin.register(ConformanceState)
class ConformanceStateAdmin(LookAdmin):
    """How each rule stands."""

    list_display = (
        "rule_id",
        "subject_kind",
        "subject_title",
        "status",
        "since",
        "value",
        "target",
        "because",
    )
    list_filter = ("status", "subject_kind")
    search_fields = ("rule_id", "subject_key", "subject_title")
    ordering = ("rule_id", "subject_title")


@admin.register(ConformanceTurn)
class ConformanceTurnAdmin(WrittenOnceAdmin):
    """When each rule turned."""

    list_display = ("rule_id", "subject_key", "status", "at", "because")
    list_filter = ("status", "at")
    search_fields = ("rule_id", "subject_key")
    ordering = ("-id",)
