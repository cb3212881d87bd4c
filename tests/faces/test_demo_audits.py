"""Audits of the demo organisation."""

from __future__ import annotations

import pytest

from compliance.models import Audit, EvidenceRequest, Finding
from opsportal.portal.demo.compliance.audits import moments
from opsportal.portal.demo.people import load_people
from opsportal.portal.demo.stage import Stage
from tests.makers import NOW, ROOT

pytestmark = pytest.mark.django_db


def test_one_audit_is_closed_and_one_under_way() -> None:
    stage = Stage(load_people(actor=ROOT, now=NOW), ROOT, NOW)
    for at, act in sorted(moments(stage, NOW), key=lambda one: one[0]):
        act(at)
    assert list(Audit.objects.order_by("id").values_list("state", flat=True)) == ["closed", "fieldwork"]
    assert Audit.objects.get(state="closed").reports.count() == 1
    states = Finding.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["closed", "remediating", "draft"]
    assert EvidenceRequest.objects.filter(state="open").count() == 1
