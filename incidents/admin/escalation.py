"""The back office of escalations: looked at only; policies are written on their pages and by the API.

Whoever may not see a restricted incident finds nothing of it here either.
"""

from __future__ import annotations

from django.contrib import admin

from incidents.admin.response import SeenAdmin, SeenRows
from incidents.models import (
    AutomatedResponse,
    Escalation,
    EscalationAcknowledgement,
    EscalationMove,
    EscalationPolicy,
    ResponseMove,
    ResponseTarget,
    ServicePolicy,
)
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_lists import word_filter

KINDS = ("set_off", "called", "succeeded", "failed", "told", "late", "ended", "stopped")
BY_KIND = word_filter("kind", lambda: [(kind, kind.replace("_", " ")) for kind in KINDS])


@admin.register(EscalationPolicy)
class EscalationPolicyAdmin(LookAdmin):
    """Escalation policies."""

    list_display = ("slug", "name", "state", "version", "updated_at")
    list_filter = ("state",)
    search_fields = ("slug", "name")
    ordering = ("slug",)


@admin.register(ServicePolicy)
class ServicePolicyAdmin(LookAdmin):
    """The policies of services."""

    list_display = ("service", "policy")
    list_filter = ("policy__state",)
    search_fields = ("service__slug", "policy__slug")
    list_select_related = ("service", "policy")
    ordering = ("service__slug",)


@admin.register(Escalation)
class EscalationAdmin(SeenAdmin):
    """Escalations of incidents."""

    list_display = ("incident", "state", "origin", "reference", "severity", "step", "round", "due_at")
    list_filter = ("state", "origin", "severity")
    search_fields = ("incident__title", "reference")
    list_select_related = ("incident",)
    ordering = ("-id",)


@admin.register(EscalationMove)
class EscalationMoveAdmin(SeenRows, WrittenOnceAdmin):
    """What escalations did."""

    incident = "escalation__incident"
    list_display = ("escalation", "number", "kind", "step", "round", "at")
    list_filter = ("kind", "at")
    search_fields = ("escalation__incident__title",)
    list_select_related = ("escalation",)
    ordering = ("-id",)


@admin.register(EscalationAcknowledgement)
class EscalationAcknowledgementAdmin(SeenRows, WrittenOnceAdmin):
    """Who acknowledged."""

    incident = "escalation__incident"
    list_display = ("escalation", "person", "at")
    list_filter = ("at",)
    search_fields = ("person",)
    list_select_related = ("escalation",)
    ordering = ("-id",)


@admin.register(AutomatedResponse)
class AutomatedResponseAdmin(SeenAdmin):
    """What was done by itself."""

    list_display = ("incident", "trigger", "state", "step", "failures", "opened_at", "due_at")
    list_filter = ("state",)
    search_fields = ("incident__title", "trigger")
    list_select_related = ("incident",)
    ordering = ("-id",)


@admin.register(ResponseMove)
class ResponseMoveAdmin(SeenRows, WrittenOnceAdmin):
    """What automated responses did."""

    incident = "response__incident"
    list_display = ("response", "number", "kind", "action", "at")
    list_filter = (BY_KIND, "at")
    search_fields = ("response__trigger", "action")
    list_select_related = ("response",)
    ordering = ("-id",)


@admin.register(ResponseTarget)
class ResponseTargetAdmin(LookAdmin):
    """Which webhook does what."""

    list_display = ("action", "service", "target")
    list_filter = ("target__state",)
    search_fields = ("action", "service__slug", "target__slug")
    list_select_related = ("service", "target")
    ordering = ("action", "id")
