"""Frameworks, controls, the evidence that comes for them, and exceptions: what is so is computed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.controlling.status import Judged
from compliance.models import (
    ConformanceState,
    Control,
    ControlException,
    Evidence,
    EvidenceItem,
    EvidenceRevision,
    Framework,
    Requirement,
)
from compliance.selectors.control_status import control_statuses
from compliance.selectors.controls import controls_loaded
from compliance.services.controls import exceptions
from compliance.services.controls.controls import (
    control_create,
    control_edit,
    control_reinstate,
    control_retire,
    control_review,
)
from compliance.services.controls.evidence import (
    Upload,
    evidence_add,
    evidence_map,
    evidence_revise,
    evidence_withdraw,
)
from compliance.services.controls.exceptions import (
    exception_approve,
    exception_reject,
    exception_request,
    exception_revoke,
    exception_withdraw,
    exceptions_expire,
)
from compliance.services.controls.frameworks import framework_import, frameworks_install
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.due import DueError
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.obligations.models import Obligation
from opsportal.standards.selectors import active_standard
from tests.changing import activate, rule
from tests.makers import NOW, grant, make_role, make_team, make_user
from tests.once import made_once
from tests.pure.test_frameworks import GOOD
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MACHINE = Actor.service_account("ci", frozenset({"compliance:write"}))


@dataclass
class Cast:
    """Who owns the control, somebody else, a member of a board, an administrator."""

    owner: User
    other: User
    member: User
    admin: User
    control: Control


@made_once
def make_cast() -> Cast:
    activate(rule("plan-needed", "change.submit", '{ field = "plan" }'))
    owner, other = make_user(name="Olga"), make_user(name="Nina")
    member, admin = make_user(name="Mia"), make_user(name="Ann", staff=True)
    grant(make_role("risk-board"), member)
    framework_import(actor=admin.actor, now=NOW, source=GOOD.encode())
    fields = {
        "title": "Changes have a plan",
        "frequency": "monthly",
        "owner": str(owner.pk),
        "requirements": ["own:A.1"],
        "rules": ["plan-needed"],
    }
    return Cast(owner, other, member, admin, control_create(actor=admin.actor, now=NOW, fields=fields))


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def conformance(status: str, *, subject: tuple[str, str] = ("", ""), since: datetime = NOW) -> None:
    ConformanceState.objects.create(
        rule_id="plan-needed",
        subject_kind=subject[0],
        subject_key=subject[1],
        standard_hash=active_standard().content_hash,
        status=status,
        because="Two are missing.",
        since=since,
    )


def judged(cast: Cast, now: datetime = NOW) -> Judged:
    control = controls_loaded().get(pk=cast.control.pk)
    return control_statuses([control], now)[control.pk]


def bring(cast: Cast, actor: Actor | None = None, **fields: Any) -> EvidenceItem:
    given = {
        "title": "Report",
        "controls": [cast.control.key],
        "observed_at": NOW - DAY,
        "note": "Looked at all of them.",
        **fields,
    }
    return evidence_add(actor=actor or cast.owner.actor, now=NOW, fields=given)[0]


def make_control(cast: Cast, owner: User) -> Control:
    fields = {"title": "B", "frequency": "weekly", "owner": str(owner.pk)}
    return control_create(actor=cast.admin.actor, now=NOW, fields=fields)


def ask(cast: Cast, **fields: Any) -> ControlException:
    given = {
        "kind": "exception",
        "title": "Old system",
        "reason": "It is replaced in spring.",
        "risk": "medium",
        "compensating": "Somebody looks at it each day.",
        "rule": "plan-needed",
        "expires_at": NOW + 30 * DAY,
        **fields,
    }
    return exception_request(actor=cast.other.actor, now=NOW, fields=given)


# Frameworks


def test_shipped_frameworks_are_loaded_once(cast: Cast) -> None:
    assert len(frameworks_install(actor=cast.admin.actor, now=NOW)) == 5
    assert Requirement.objects.filter(framework__slug="soc2", reference="CC8.1").exists()
    with nothing_written():
        assert frameworks_install(actor=cast.admin.actor, now=NOW + DAY) == []


def test_another_content_is_the_next_edition_and_keeps_what_is_mapped(cast: Cast) -> None:
    text = GOOD.replace("Do this.", "Do this well.").replace('"A.2" = "Do that."\n', '"A.3" = "Do more."\n')
    framework, is_different = framework_import(actor=cast.admin.actor, now=NOW + DAY, source=text.encode())
    assert (framework.edition, is_different) == (2, True)
    rows = Requirement.objects.filter(framework=framework).values_list("reference", "text", "state")
    assert sorted(rows) == [
        ("A.1", "Do this well.", "current"),
        ("A.2", "Do that.", "dropped"),
        ("A.3", "Do more.", "current"),
    ]
    assert list(cast.control.requirements.values_list("reference", flat=True)) == ["A.1"]


def test_who_may_import_and_what_is_refused(cast: Cast) -> None:
    with refused(Forbidden):
        framework_import(actor=cast.other.actor, now=NOW, source=GOOD.encode())
    with refused(InvalidInput, "framework"):
        framework_import(actor=cast.admin.actor, now=NOW, source=b"[framework]")
    frameworks_install(actor=cast.admin.actor, now=NOW)
    taken = GOOD.replace('slug = "own"', 'slug = "soc2"')
    with refused(Conflict, "shipped"):
        framework_import(actor=cast.admin.actor, now=NOW, source=taken.encode())
    assert Framework.objects.get(slug="soc2").origin == "shipped"


def framework(*arguments: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("framework", *arguments, "--json", stdout=out)
    rows: list[dict[str, Any]] = json.loads(out.getvalue())
    return rows


def test_frameworks_are_loaded_and_listed_by_a_command(cast: Cast, tmp_path: Path) -> None:
    assert {row["state"] for row in framework("list") if row["slug"] == "gdpr"} == {"not loaded"}
    assert [(row["slug"], row["state"]) for row in framework("load", "gdpr")] == [("gdpr", "loaded")]
    states = {row["slug"]: row["state"] for row in framework("load")}
    assert (len(states), states["gdpr"], states["soc2"]) == (5, "unchanged", "loaded")
    Framework.objects.filter(slug="soc2").update(content_hash="0" * 64)
    assert [row["slug"] for row in framework("list") if row["state"] == "outdated"] == ["soc2"]
    own = tmp_path / "own.toml"
    own.write_text(GOOD)
    assert [row["state"] for row in framework("load", str(own))] == ["unchanged"]
    own.write_text("[framework]")
    for wrong in (["load", "soc3"], ["load", "soc2", str(own)], ["load", str(tmp_path / "none.toml")]):
        with nothing_written(), pytest.raises(CommandError):
            framework(*wrong)


# Controls


def test_an_owner_is_named_by_id_or_by_mail_address(cast: Cast) -> None:
    fields = {"title": "B", "frequency": "weekly", "owner": cast.other.email.upper()}
    assert control_create(actor=cast.admin.actor, now=NOW, fields=fields).owner == cast.other
    with refused(InvalidInput, "unknown"):
        control_create(actor=cast.admin.actor, now=NOW, fields={**fields, "owner": "nobody@example.org"})


def test_a_rule_of_the_standard_is_named_by_its_id_alone(cast: Cast) -> None:
    assert list(cast.control.rules.values_list("rule", flat=True)) == ["plan-needed"]
    assert cast.control.rules.get().pack == active_standard().rule("plan-needed").origin  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"frequency": "often"}, "/frequency"),
        ({"owner": "x"}, "/owner"),
        ({"requirements": ["own:A.9"]}, "/requirements/0"),
        ({"rules": ["nothing"]}, "/rules/0"),
        ({"events": ["control.eaten"]}, "/events/0"),
        ({"links": [{"relation": "supports", "control": "CTL-99"}]}, "/links/0/control"),
        ({"links": [{"relation": "eats", "control": "CTL-1"}]}, "/links/0/relation"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_control_names_only_what_there_is(cast: Cast, fields: dict[str, Any], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        control_edit(actor=cast.admin.actor, now=NOW, key=cast.control.key, fields=fields)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_mappings_are_given_whole_and_a_control_is_not_linked_to_itself(cast: Cast) -> None:
    other = control_create(
        actor=cast.admin.actor, now=NOW, fields={"title": "Reviews", "frequency": "weekly"}
    )
    link = {"relation": "supports", "control": other.key}
    fields = {"rules": ["baseline/old-rule"], "requirements": ["own:A.2"], "links": [link]}
    control_edit(actor=cast.owner.actor, now=NOW, key=cast.control.key, fields=fields)
    assert [(one.pack, one.rule) for one in cast.control.rules.all()] == [("baseline", "old-rule")]
    assert [one.reference for one in cast.control.requirements.all()] == ["A.2"]
    with refused(InvalidInput, "itself"):
        link = {"relation": "supports", "control": cast.control.key}
        control_edit(actor=cast.owner.actor, now=NOW, key=cast.control.key, fields={"links": [link]})


def test_owners_edit_and_review_and_others_do_not(cast: Cast) -> None:
    key = cast.control.key
    with refused(Forbidden):
        control_edit(actor=cast.other.actor, now=NOW, key=key, fields={"title": "Mine"})
    with refused(Forbidden):
        control_review(actor=MACHINE, now=NOW, key=key)
    with refused(Stale):
        control_edit(actor=cast.owner.actor, now=NOW, key=key, fields={"title": "x"}, version=7)
    with refused(NotFound):
        control_review(actor=cast.owner.actor, now=NOW, key="CTL-99")
    reviewed = control_review(actor=cast.owner.actor, now=NOW, key=key)
    assert reviewed.reviewed_at == NOW
    assert Evidence.objects.get(event="control.reviewed").subject_key == key
    control_retire(actor=cast.admin.actor, now=NOW, key=key)
    with refused(IllegalMove):
        control_review(actor=cast.owner.actor, now=NOW, key=key)
    assert control_reinstate(actor=cast.admin.actor, now=NOW, key=key).state == "active"


# Status


def test_a_control_stands_as_its_rules_do(cast: Cast) -> None:
    assert judged(cast).status == "not_verifiable"
    conformance("met", subject=("service", "a"))
    assert judged(cast).status == "met"
    conformance("no_data", subject=("service", "b"))
    assert judged(cast).status == "not_verifiable"
    conformance("breached", subject=("service", "c"), since=NOW - DAY)
    found = judged(cast)
    assert (found.status, found.since) == ("not_met", NOW - DAY)
    assert "Two are missing." in found.reasons[0].words


def test_a_rule_that_left_the_standard_proves_nothing(cast: Cast) -> None:
    conformance("met")
    activate(rule("another", "change.submit", '{ field = "plan" }'), version="2")
    found = judged(cast)
    assert found.status == "not_verifiable"
    assert "not in the standard in force" in found.reasons[0].words


def test_an_accepted_exception_compensates_until_it_expires(cast: Cast) -> None:
    conformance("breached", subject=("service", "a"))
    asked = ask(cast)
    assert judged(cast).status == "not_met"
    exception_approve(actor=cast.member.actor, now=NOW, key=asked.key)
    found = judged(cast)
    assert found.status == "compensated"
    assert asked.key in found.reasons[0].words
    assert judged(cast, NOW + 30 * DAY).status == "not_met"  # before any tick
    assert exceptions_expire(now=NOW + 30 * DAY) == 1
    assert exceptions_expire(now=NOW + 30 * DAY) == 0
    assert ControlException.objects.get().state == "expired"
    assert Evidence.objects.filter(event="exception.expired").count() == 1


def test_an_exception_that_cannot_be_ended_holds_up_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(cast), ask(cast)
    for one in (first, second):
        exception_approve(actor=cast.member.actor, now=NOW, key=one.key)
    tell = exceptions._happened

    def broken_for_the_first(row: ControlException, *args: Any, **kwargs: Any) -> None:
        if row.pk == first.pk:
            raise RuntimeError("broken")
        tell(row, *args, **kwargs)

    monkeypatch.setattr(exceptions, "_happened", broken_for_the_first)
    with pytest.raises(DueError, match="1 of the exceptions"):
        exceptions_expire(now=NOW + 30 * DAY)
    states = dict(ControlException.objects.values_list("pk", "state"))
    assert states == {first.pk: "approved", second.pk: "expired"}


def test_an_exception_of_one_subject_covers_that_one_alone(cast: Cast) -> None:
    conformance("breached", subject=("service", "a"))
    asked = ask(cast, scope="service:a")
    exception_approve(actor=cast.admin.actor, now=NOW, key=asked.key)
    assert judged(cast).status == "compensated"
    conformance("breached", subject=("service", "b"))
    assert judged(cast).status == "not_met"


def test_other_evidence_is_accepted_for_what_cannot_be_verified_and_for_nothing_else(cast: Cast) -> None:
    item = bring(cast)
    fields = {"kind": "alternative", "rule": "", "control": cast.control.key, "evidence": item.key}
    asked = ask(cast, **fields)
    exception_approve(actor=cast.admin.actor, now=NOW, key=asked.key)
    assert judged(cast).status == "compensated"
    conformance("breached")
    assert judged(cast).status == "not_met"


# Evidence


def test_evidence_keeps_when_it_was_observed_apart_from_when_it_came(cast: Cast) -> None:
    item = bring(cast)
    revision = EvidenceRevision.objects.get()
    assert (revision.observed_at, revision.received_at) == (NOW - DAY, NOW)
    assert revision.valid_until == NOW + 39 * DAY  # monthly, with grace
    assert Evidence.objects.get(event="control.evidenced").observed_at == NOW - DAY
    owed = Obligation.objects.get(subject_key=item.key)
    assert (owed.due_at, owed.owner_key) == (revision.valid_until, str(cast.owner.pk))


def test_a_newer_revision_replaces_and_the_old_one_stays(cast: Cast) -> None:
    first = bring(cast, MACHINE, reference="nightly", data={"failed": 0}, note="")
    again = bring(cast, MACHINE, reference="nightly", data={"failed": 0}, note="")
    assert (again.pk, again.latest) == (first.pk, 1)
    newer = {"reference": "nightly", "data": {"failed": 2}, "observed_at": NOW, "shows": "fails"}
    item, is_new = evidence_add(actor=MACHINE, now=NOW, fields=newer)
    assert (item.pk, item.latest, is_new) == (first.pk, 2, False)
    assert [one.shows for one in EvidenceRevision.objects.order_by("number")] == ["works", "fails"]
    assert judged(cast).status == "not_met"
    states = Obligation.objects.filter(subject_key=item.key).order_by("id").values_list("state", flat=True)
    assert list(states) == ["met", "open"]
    with refused(InvalidInput, "older_than_newest"):
        evidence_revise(
            actor=MACHINE, now=NOW, key=item.key, fields={"observed_at": NOW - 2 * DAY, "note": "x"}
        )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"observed_at": NOW + timedelta(hours=1)}, "in_the_future"),
        ({"valid_until": NOW - 2 * DAY}, "before_observed"),
        ({"controls": []}, "required"),
        ({"controls": ["CTL-99"]}, "unknown"),
        ({"url": "javascript:alert(1)"}, "not_an_address"),
        ({"url": "https://u:p@x.example/"}, "carries_password"),
        ({"url": "https://x.example/a", "data": {"a": 1}}, "several"),
        ({"note": ""}, "required"),
        ({"data": {"a": float("nan")}}, "not_json"),
        ({"data": {"a": "x" * 70_000}}, "too_large"),
        ({"sha256": "abc", "url": "https://x.example/a"}, "not_a_hash"),
    ],
)
def test_evidence_that_cannot_be_is_refused(cast: Cast, fields: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        bring(cast, **fields)


def test_a_file_is_looked_through_and_kept_under_its_hash(cast: Cast) -> None:
    fields = {"title": "Export", "controls": [cast.control.key], "observed_at": NOW}
    upload = Upload("export.csv", [b"a;b\n", b"1;2\n"])
    item, _ = evidence_add(actor=cast.owner.actor, now=NOW, fields=fields, upload=upload)
    revision = EvidenceRevision.objects.get()
    assert (item.kind, len(revision.digest), revision.attachment is not None) == ("file", 64, True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"\0" * 9_000_000)
    for name, content, code in (
        ("bomb.zip", out.getvalue(), "archive_bomb"),
        ("page.png", b"<html><script>", "markup"),
        ("run.pdf", b"%PDF-1.7 /S /JavaScript", "script"),
    ):
        with refused(InvalidInput, code):
            evidence_add(actor=cast.owner.actor, now=NOW, fields=fields, upload=Upload(name, [content]))


def test_a_file_that_is_not_the_announced_one_is_refused_with_both_hashes(cast: Cast) -> None:
    fields = {"title": "Export", "controls": [cast.control.key], "observed_at": NOW}
    owner, content = cast.owner.actor, b"a;b\n"
    announced = {**fields, "sha256": hashlib.sha256(b"other").hexdigest()}
    with refused(InvalidInput, "other_content") as caught:
        evidence_add(actor=owner, now=NOW, fields=announced, upload=Upload("a.csv", [content]))
    got = hashlib.sha256(content).hexdigest()
    assert got in caught.value.detail
    assert announced["sha256"] in caught.value.detail
    evidence_add(actor=owner, now=NOW, fields={**fields, "sha256": got}, upload=Upload("a.csv", [content]))
    with refused(InvalidInput, "without_file"):
        bring(cast, sha256=got)
    with refused(InvalidInput, "not_a_hash") as caught:
        bring(cast, sha256="abc")
    assert "3 characters: “abc”" in caught.value.detail


def test_evidence_is_changed_by_who_brought_it(cast: Cast) -> None:
    item = bring(cast)
    with refused(Forbidden):
        evidence_withdraw(actor=cast.member.actor, now=NOW, key=item.key, reason="Not mine.")
    with refused(InvalidInput, "required"):
        evidence_withdraw(actor=cast.owner.actor, now=NOW, key=item.key, reason="")
    other = make_control(cast, cast.owner)
    mapped = evidence_map(actor=cast.owner.actor, now=NOW, key=item.key, controls=[other.key])
    assert [one.key for one in mapped.controls.all()] == [other.key]
    evidence_withdraw(actor=cast.owner.actor, now=NOW, key=item.key, reason="Wrong report.")
    with refused(Conflict, "withdrawn"):
        evidence_revise(actor=cast.owner.actor, now=NOW, key=item.key, fields={"observed_at": NOW})
    assert Obligation.objects.get(subject_key=item.key).state == "void"


def test_evidence_counts_for_a_control_only_from_who_answers_for_it(cast: Cast) -> None:
    team = make_team("payments", cast.member)
    control_edit(actor=cast.admin.actor, now=NOW, key=cast.control.key, fields={"team": team.slug})
    with refused(Forbidden) as caught:
        bring(cast, cast.other.actor)
    assert "own no control" in caught.value.detail
    for actor in (cast.owner.actor, cast.member.actor, cast.admin.actor, MACHINE):
        assert bring(cast, actor).latest == 1
    item = bring(cast, MACHINE, reference="nightly")
    other = make_control(cast, cast.other)
    # Their own evidence does not come to speak for what is somebody else's, on no way.
    own = bring(cast, cast.other.actor, controls=[other.key])
    both = [other.key, cast.control.key]
    with refused(Forbidden) as caught:
        bring(cast, cast.other.actor, controls=both)
    assert caught.value.detail.startswith(f"{cast.control.key} is not yours")
    with refused(Forbidden):
        evidence_map(actor=cast.other.actor, now=NOW, key=own.key, controls=both)
    again = {"observed_at": NOW, "note": "All is well.", "controls": both}
    with refused(Forbidden):
        evidence_revise(actor=cast.other.actor, now=NOW, key=own.key, fields=again)
    with refused(Forbidden):
        bring(cast, cast.other.actor, reference="nightly", observed_at=NOW)
    with refused(Forbidden):
        evidence_revise(actor=cast.other.actor, now=NOW, key=item.key, fields={"observed_at": NOW})
    # Whoever owns one of its controls replaces it, though a machine brought it.
    newer = {"observed_at": NOW, "note": "All is well."}
    assert evidence_revise(actor=cast.owner.actor, now=NOW, key=item.key, fields=newer).latest == 2


# Exceptions


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rule": "nothing"}, "unknown"),
        ({"rule": ""}, "one_of"),
        ({"expires_at": NOW}, "out_of_range"),
        ({"expires_at": NOW + 400 * DAY}, "out_of_range"),
        ({"kind": "alternative"}, "required"),
        ({"risk": "tiny"}, "unknown"),
        ({"scope": "everything"}, "not_a_subject"),
        ({"compensating": ""}, "required"),
    ],
)
def test_an_exception_says_what_about_how_risky_and_until_when(
    cast: Cast, fields: dict[str, Any], code: str
) -> None:
    with refused(InvalidInput, code):
        ask(cast, **fields)


def test_somebody_else_with_authority_decides(cast: Cast) -> None:
    asked = ask(cast)
    for actor in (cast.other.actor, cast.owner.actor, MACHINE):
        with refused(Forbidden):
            exception_approve(actor=actor, now=NOW, key=asked.key)
    mine = exception_request(
        actor=cast.admin.actor,
        now=NOW,
        fields={
            "kind": "exception",
            "title": "Mine",
            "reason": "x",
            "risk": "low",
            "compensating": "y",
            "control": cast.control.key,
            "expires_at": NOW + DAY,
        },
    )
    with refused(Forbidden):
        exception_approve(actor=cast.admin.actor, now=NOW, key=mine.key)
    with refused(InvalidInput, "over"):
        exception_approve(actor=cast.member.actor, now=NOW + 31 * DAY, key=asked.key)
    with refused(InvalidInput, "required"):
        exception_reject(actor=cast.member.actor, now=NOW, key=asked.key, note="")
    assert exception_reject(actor=cast.member.actor, now=NOW, key=asked.key, note="No.").state == "rejected"
    with refused(IllegalMove):
        exception_approve(actor=cast.member.actor, now=NOW, key=asked.key)
    assert exception_withdraw(actor=cast.admin.actor, now=NOW, key=mine.key).state == "withdrawn"


def test_a_revoked_exception_covers_nothing_any_more(cast: Cast) -> None:
    conformance("breached")
    asked = ask(cast)
    exception_approve(actor=cast.admin.actor, now=NOW, key=asked.key)
    exception_revoke(actor=cast.member.actor, now=NOW, key=asked.key, note="It happened again.")
    assert judged(cast).status == "not_met"


def test_many_controls_are_judged_by_a_constant_number_of_queries(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    bring(cast)
    for number in range(5):
        fields = {"title": f"C{number}", "frequency": "daily", "rules": ["plan-needed"]}
        control_create(actor=cast.admin.actor, now=NOW, fields=fields)
    controls = list(controls_loaded())
    with django_assert_max_num_queries(8):
        assert len(control_statuses(controls, NOW)) == 6
