"""An opinion rests on finished work, or says why it stands; tests are of controls of the catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance.models import Audit, Control, ControlTest, Sample
from compliance.selectors.audits.controls import audited
from compliance.services.audits.findings import finding_raise
from compliance.services.audits.planning import audit_edit, audit_move, audit_plan
from compliance.services.audits.reports import report_content, report_issue
from compliance.services.audits.sampling import item_record, population_freeze, sample_draw
from compliance.services.audits.testing import control_test_plan, control_test_record
from compliance.services.controls.controls import control_create, control_retire
from compliance.services.controls.frameworks import framework_import
from opsportal.core.errors import Conflict, InvalidInput
from tests.auditing import Crew, accepted, make_crew, plan_fields, reported
from tests.makers import NOW, ROOT, grant, make_role
from tests.pure.test_frameworks import GOOD
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def control_of(crew: Crew, title: str = "Changes are approved") -> Control:
    fields = {"title": title, "frequency": "monthly", "owner": str(crew.owner.pk)}
    return control_create(actor=crew.admin.actor, now=NOW, fields=fields)


def a_test(crew: Crew, **fields: Any) -> ControlTest:
    return control_test_plan(
        actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields={"kind": "operating", **fields}
    )


def concluded(crew: Crew, **fields: Any) -> Audit:
    given = {"conclusion": "So it is.", **fields}
    return audit_edit(actor=crew.lead.actor, now=NOW, pk=crew.audit.pk, fields=given)


def refused_for(crew: Crew, opinion: str) -> str:
    with nothing_written(), pytest.raises(InvalidInput) as refused:
        concluded(crew, opinion=opinion)
    (error,) = refused.value.errors
    assert error.pointer == "/opinion_reason"
    return error.detail


def test_an_opinion_over_an_untested_sample_needs_a_reason_which_the_report_shows(crew: Crew) -> None:
    lead = crew.lead.actor
    grant(make_role("board-o"), crew.owner)
    test = a_test(crew, control="CC6.1", title="Roles are held by those who need them")
    population = population_freeze(actor=lead, now=NOW, audit=crew.audit.pk, kind="holdings")
    sample_draw(actor=lead, now=NOW, population=population.pk, size=1, test=test.pk)
    assert "CC6.1, operating effectiveness: not tested" in refused_for(crew, "effective")
    control_test_record(actor=lead, now=NOW, pk=test.pk, fields={"result": "met", "work": "Looked."})
    for opinion in ("effective", "effective_with_exceptions"):
        assert "sample of 1 from roles held (CC6.1): 1 of 1 not tested" in refused_for(crew, opinion)
    assert concluded(crew, opinion="not_effective").opinion == "not_effective"
    row = concluded(crew, opinion="effective", opinion_reason="The one item is of a person on leave.")
    assert row.opinion == "effective"
    audit_move(actor=lead, now=NOW, pk=crew.audit.pk, verb="report")
    report = report_issue(actor=lead, now=NOW, pk=crew.audit.pk)
    assert report.content["opinion_reason"] == "The one item is of a person on leave."
    assert any("1 of 1 not tested" in one for one in report.content["open"])


def test_an_open_grave_finding_speaks_against_it_also_when_it_comes_before_the_report_is_issued(
    crew: Crew,
) -> None:
    lead, pk = crew.lead.actor, crew.audit.pk
    concluded(crew, opinion="effective")
    row = accepted(crew)
    audit_move(actor=lead, now=NOW, pk=pk, verb="report")
    with nothing_written(), pytest.raises(InvalidInput, match=row.title) as refused:
        report_issue(actor=lead, now=NOW, pk=pk)
    assert refused.value.errors[0].pointer == "/opinion_reason"
    concluded(crew, opinion="effective_with_exceptions")
    assert report_issue(actor=lead, now=NOW, pk=pk).content["open"] == [
        f"{row} is of high severity and open."
    ]
    reported(crew, title="Worse", severity="critical")
    with nothing_written(), pytest.raises(InvalidInput, match="critical and open"):
        report_issue(actor=lead, now=NOW, pk=pk)


def test_a_tested_sample_with_exceptions_is_no_plain_yes(crew: Crew) -> None:
    lead = crew.lead.actor
    grant(make_role("board-e"), crew.owner)
    population = population_freeze(actor=lead, now=NOW, audit=crew.audit.pk, kind="holdings")
    sample = sample_draw(actor=lead, now=NOW, population=population.pk, size=1)
    odd = {"result": "exception", "note": "Nobody knows why."}
    item_record(actor=lead, now=NOW, pk=sample.items.get().pk, fields=odd)
    assert "1 exception" in refused_for(crew, "effective")
    concluded(crew, opinion="effective_with_exceptions")


def test_the_same_sample_stands_once(crew: Crew) -> None:
    lead = crew.lead.actor
    grant(make_role("board-s"), crew.owner)
    population = population_freeze(actor=lead, now=NOW, audit=crew.audit.pk, kind="holdings")
    sample_draw(actor=lead, now=NOW, population=population.pk, size=1, seed="2026-annual")
    with nothing_written(), pytest.raises(Conflict) as refused:
        sample_draw(actor=crew.second.actor, now=NOW, population=population.pk, size=1, seed="2026-annual")
    assert (refused.value.status, refused.value.code) == (409, "sample_stands")
    assert Sample.objects.count() == 1


def test_a_test_is_of_controls_of_the_catalogue_and_both_sides_say_so(crew: Crew) -> None:
    one, two = control_of(crew), control_of(crew, "Access is reviewed")
    test = a_test(crew, controls=[two.key, one.key])
    assert (test.control, test.title) == (f"{one.key}, {two.key}", "Changes are approved")
    row = finding_raise(
        actor=crew.lead.actor,
        now=NOW,
        audit=crew.audit.pk,
        fields={
            "title": "Not all of them",
            "severity": "low",
            "condition": "One was not.",
            "criteria": "All are.",
            "test": test.pk,
        },
    )
    seen = audited(crew.lead.actor, two)
    assert (seen.tests, seen.findings) == ([test], [row])
    assert audited(crew.other.actor, two).findings == []  # a draft is its team's
    stranger = audited(crew.owner.actor, two)
    assert (stranger.tests, stranger.findings) == ([], [])
    content = report_content(crew.audit)
    assert content["tests"][0]["controls"] == sorted([one.key, two.key])
    for wrong, pointer in (
        ({"controls": [one.key, two.key], "title": "Again"}, "/control"),
        ({"controls": ["CTL-999999"]}, "/controls"),
        ({"controls": [], "title": "Nothing"}, "/control"),
        ({"control": "CC9.9"}, "/title"),
    ):
        with nothing_written(), pytest.raises(InvalidInput) as refused:
            a_test(crew, **wrong)
        assert refused.value.errors[0].pointer == pointer
    control_retire(actor=crew.admin.actor, now=NOW, key=one.key, version=one.version)
    with nothing_written(), pytest.raises(InvalidInput, match="in use"):
        a_test(crew, controls=[one.key], title="Retired", kind="design")
    assert a_test(crew, control="CC9.9", title="Not in the catalogue").tested.count() == 0


def test_the_plan_names_frameworks_and_controls_until_fieldwork_begins(crew: Crew) -> None:
    framework_import(actor=ROOT, now=NOW, source=GOOD.encode())
    control, lead = control_of(crew), crew.lead.actor
    fields = plan_fields(title="Scoped", framework="", frameworks=["own"], controls=[control.key])
    row = audit_plan(actor=lead, now=NOW, fields=fields)
    assert (row.framework, row.framework_slugs, row.control_keys) == ("own", ("own",), (control.key,))
    assert audited(lead, control).audits == [row]
    assert report_content(row)["controls"] == [{"key": control.key, "title": control.title}]
    control_retire(actor=crew.admin.actor, now=NOW, key=control.key, version=control.version)
    audit_move(actor=lead, now=NOW, pk=row.pk, verb="begin")
    same = {"controls": [control.key], "frameworks": "own", "objective": "Is it so?"}
    assert audit_edit(actor=lead, now=NOW + timedelta(hours=1), pk=row.pk, fields=same).objective
    with nothing_written(), pytest.raises(Conflict, match="stands since fieldwork"):
        audit_edit(actor=lead, now=NOW, pk=row.pk, fields={"controls": []})
    for wrong in ({"frameworks": ["nowhere"]}, {"controls": ["nowhere"]}, {"controls": 5}):
        with nothing_written(), pytest.raises(InvalidInput):
            audit_plan(actor=lead, now=NOW, fields=plan_fields(**wrong))
