"""The back office of evidence and conformance: looked at only."""

from __future__ import annotations

from django.contrib import admin

from compliance import subjects
from compliance.judging import STATUS_WORDS
from compliance.models import ConformanceState, ConformanceTurn, Evidence
from opsportal.standards.vocabulary import declared
from opsportal.web.admin import WrittenOnceAdmin
from opsportal.web.admin_lists import word_filter

EVENTS = word_filter("event", lambda: [(name, event.title) for name, event in declared().events.items()])
KINDS = word_filter("subject_kind", lambda: [(kind, kind) for kind in subjects.kinds()], "kind")
STATUSES = word_filter("status", STATUS_WORDS.items)


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
    list_filter = (EVENTS, KINDS, "observed_at")
    search_fields = ("subject_key", "record_key", "summary", "digest")
    ordering = ("-id",)


@admin.register(ConformanceState)
class ConformanceStateAdmin(WrittenOnceAdmin):
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
    list_filter = (STATUSES, KINDS)
    search_fields = ("rule_id", "subject_key", "subject_title")
    ordering = ("rule_id", "subject_title")


@admin.register(ConformanceTurn)
class ConformanceTurnAdmin(WrittenOnceAdmin):
    """When each rule turned."""

    list_display = ("rule_id", "subject_key", "status", "at", "because")
    list_filter = (STATUSES, "at")
    search_fields = ("rule_id", "subject_key")
    ordering = ("-id",)
