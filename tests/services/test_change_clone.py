"""A new draft from a change that stands."""

from __future__ import annotations

import pytest

from changes.models import Change
from changes.services.cloning import change_clone
from opsportal.accounts.models import User
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, NotFound
from tests.changing import Cast, approved, draft, fresh, make_cast, make_template, window
from tests.makers import NOW
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_what_it_says_is_copied_and_what_was_decided_is_not(cast: Cast) -> None:
    original = approved(
        cast,
        plan="One, two.",
        test_evidence="It ran.",
        tags=["db", "cloned from CHG-7"],
        implementer=str(cast.manager.pk),
        **window(),
    )
    copy = change_clone(actor=cast.bystander.actor, now=NOW, pk=original.pk)
    assert (copy.state, copy.requester, copy.author_ids) == (
        "draft",
        cast.bystander,
        [str(cast.bystander.pk)],
    )
    assert (copy.title, copy.plan, copy.implementer) == (original.title, "One, two.", cast.manager)
    assert (copy.window_start, copy.test_evidence, copy.standard_hash) == (None, "", "")
    assert copy.tags == [f"cloned from {original.key}", "db"]
    assert {target.service for target in copy.targets.all()} == {cast.payments}
    assert fresh(original).state == "approved"
    entries = entries_about("change", copy.key)
    assert [entry.action for entry in entries] == ["change.created", "change.cloned"]
    assert entry_data(entries[1])["from"] == original.key


def test_what_has_gone_since_is_left_out(cast: Cast) -> None:
    original = draft(cast, services=["payments-api", "ledger"], implementer=str(cast.lead.pk))
    Service.objects.filter(slug="ledger").update(state="retired")
    User.objects.filter(pk=cast.lead.pk).update(is_active=False)
    copy = change_clone(actor=cast.bystander.actor, now=NOW, pk=original.pk)
    assert (copy.implementer, [row.service.slug for row in copy.targets.all()]) == (None, ["payments-api"])


def test_a_template_is_copied_as_long_as_it_is_approved(cast: Cast) -> None:
    template = make_template(cast)
    original = draft(cast, type="standard", template=template.slug, rollback_plan=template.rollback_plan)
    assert change_clone(actor=cast.bystander.actor, now=NOW, pk=original.pk).template == template
    type(template).objects.filter(pk=template.pk).update(state="retired")
    copy = change_clone(actor=cast.bystander.actor, now=NOW, pk=original.pk)
    assert (copy.template, copy.plan) == (None, original.plan)


def test_who_may_not_create_may_not_clone(cast: Cast) -> None:
    original = draft(cast)
    with refused(Forbidden):
        change_clone(actor=Actor.service_account("x", frozenset({"changes:read"})), now=NOW, pk=original.pk)
    with refused(NotFound):
        change_clone(actor=cast.bystander.actor, now=NOW, pk=original.pk + 1)
    assert Change.objects.count() == 1
