"""An auditor reads: nobody gives them work, offers them for it, or waits for their vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from compliance.admin.audits import forms as audit_forms
from compliance.services.audits import cleaning
from compliance.services.controls import looked_up
from compliance.services.governance import fields as governance
from compliance.services.recovery import fields as recovery
from compliance.web import controls_forms, governance_parts, recovery_forms
from compliance.web.audits_forms import ActionForm
from incidents.services.escalation.policies import step_faults
from incidents.services.learning import actions
from incidents.services.oncall.people import INSTEAD_OF, Named, known
from incidents.services.response import fields as response
from incidents.services.roster import handovers, shadows
from incidents.services.runbooks import fields as runbooks
from incidents.web import response_forms, roster_forms
from incidents.web.learning_forms import ActionForm as LearningForm
from opsportal.accounts.models import User
from opsportal.accounts.selectors import roles_acted_on, stand_ins
from opsportal.accounts.services import clean_worker, deputy_name, user_update
from opsportal.approvals.selectors.seats import role_holders
from opsportal.core.errors import InvalidInput
from tests.makers import NOW, ROOT, TODAY, away, grant, make_role, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor() -> User:
    return make_user(name="Ines Auditor", is_auditor=True)


GIVEN: dict[str, Callable[[str], Any]] = {
    "implementer of a change": lambda pk: clean_worker("implementer", pk),
    "role or task of an incident": lambda pk: response.clean_person(pk, field="person"),
    "on call": lambda pk: known([Named("/people/0", pk)]),
    "on call as a learner": lambda pk: shadows._person(pk, "person"),
    "taking over": lambda pk: handovers._person(pk, "to"),
    "keeper of a runbook": runbooks._keeper,
    "owner of an action": actions._person,
    "owner of an asset": recovery.person("owner"),
    "owner of a control": lambda pk: looked_up.person(pk, "owner"),
    "owner of an improvement": governance.worker("owner"),
    "owner of a finding": cleaning.person("owner"),
}


@pytest.mark.parametrize("what", GIVEN)
def test_no_auditor_is_given_anything_to_do(what: str, auditor: User) -> None:
    GIVEN[what](str(make_user().pk))
    with pytest.raises(InvalidInput) as refusal:
        GIVEN[what](str(auditor.pk))
    assert [error.code for error in refusal.value.errors] == ["auditor"]


def test_no_auditor_is_paged(auditor: User) -> None:
    target = {"kind": "person", "key": str(auditor.pk)}
    assert "no such person" in step_faults({"wait": 0, "targets": [target]}, first=True)[0]


def test_whoever_became_an_auditor_can_be_replaced_on_call(auditor: User) -> None:
    assert known([Named(INSTEAD_OF, str(auditor.pk))])


OFFERED: dict[str, Callable[[], Any]] = {
    "incidents": response_forms.people_choices,
    "roster": roster_forms.people_choices,
    "learning": lambda: LearningForm().fields["owner"].choices,  # type: ignore[attr-defined]
    "recovery": recovery_forms.people_choices,
    "controls": controls_forms.people_choices,
    "governance": governance_parts.workers_to_choose,
    "audit actions": lambda: ActionForm().fields["owner"].choices,  # type: ignore[attr-defined]
    "audit requests": lambda: [(str(one.pk), "") for one in audit_forms.people()],
}


@pytest.mark.parametrize("what", OFFERED)
def test_no_auditor_is_offered_for_anything_to_do(what: str, auditor: User) -> None:
    worker = make_user()
    offered = {str(value) for value, _ in OFFERED[what]()}
    assert str(worker.pk) in offered
    assert str(auditor.pk) not in offered


def test_an_auditor_still_leads_audits(auditor: User) -> None:
    assert auditor in audit_forms.auditors()


def test_an_auditor_is_nobodys_deputy(auditor: User) -> None:
    ada = make_user()
    with pytest.raises(InvalidInput) as refusal, nothing_written():
        deputy_name(actor=ada.actor, now=NOW, principal_id=ada.pk, deputy_id=auditor.pk)
    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/deputy", "auditor")]


def test_a_deputy_or_member_who_becomes_an_auditor_is_not_waited_for() -> None:
    ada, dan = make_user(), make_user()
    make_role("board")
    for person in (ada, dan):
        grant("board", person)
    away(ada, dan)
    assert {one.deputy for one in stand_ins(NOW)} == {dan}
    user_update(actor=ROOT, now=NOW, user_id=dan.pk, is_auditor=True)
    assert stand_ins(NOW) == []
    assert ada.pk not in {held.principal for held in roles_acted_on(dan.pk, NOW)}
    assert list(role_holders(["board"], TODAY)) == [ada]
