"""What rules that want something to be kept are about."""

from __future__ import annotations

import pytest

from compliance.selectors.kept import keep_evaluate
from opsportal.standards.selectors import active_standard
from tests.changing import activate, rule
from tests.makers import NOW, make_service

pytestmark = pytest.mark.django_db


def test_only_services_that_the_rule_is_about_need_the_document() -> None:
    demand = '{ keep = { artefact = "document:architecture", per = "service" } }'
    activate(rule("drawn", "artefacts.keep", demand, kind="duty", when='service.tier == "critical"'))
    make_service("billing", tier="critical")
    make_service("wiki", tier="supporting")
    standard = active_standard()
    assert standard is not None
    found = keep_evaluate(standard.rules, standard, NOW)
    assert [(one.subject, one.status) for one in found["drawn"]] == [(("service", "billing"), "no_data")]
