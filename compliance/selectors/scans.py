"""Reads of scans and vulnerabilities."""

from __future__ import annotations

from django.db.models import QuerySet

from compliance.models import Scan, Vulnerability
from opsportal.core.errors import NotFound

SCAN_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-performed_at": ("-performed_at", "-id"),
    "performed_at": ("performed_at", "id"),
}
VULNERABILITY_ORDERINGS: dict[str, tuple[str, ...]] = {
    "due_at": ("due_at", "id"),
    "-due_at": ("-due_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def scans_loaded() -> QuerySet[Scan]:
    """Return scans with their service."""
    return Scan.objects.select_related("service")


def scan_seen(pk: int) -> Scan:
    """Return one scan. Raises `NotFound`."""
    found = scans_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such scan.")
    return found


def vulnerabilities_loaded() -> QuerySet[Vulnerability]:
    """Return vulnerabilities with their service and scan."""
    return Vulnerability.objects.select_related("service__owner_team", "scan")


def vulnerability_seen(pk: int) -> Vulnerability:
    """Return one vulnerability. Raises `NotFound`."""
    found = vulnerabilities_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such vulnerability.")
    return found
