"""Guests are nobody of the house, read no draft, are told why a door is shut. Exports are plain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from compliance.models import Audit, AuditRead, Finding, Policy, TrainingTopic
from compliance.selectors import policies, training
from compliance.selectors.audits.seen import finding_versions_seen, findings_seen
from compliance.services.audits import access as access_services
from compliance.services.audits.findings import finding_edit, finding_move
from compliance.services.audits.planning import audit_team_set
from compliance.services.audits.sampling import population_freeze, sample_draw
from compliance.services.audits.testing import control_test_plan
from compliance.services.controls.controls import control_create
from compliance.web import guests
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import role_grant, team_join
from opsportal.core.errors import Conflict
from tests.auditing import WORK, Crew, accepted, action_of, finding_of, let_in, make_crew
from tests.makers import NOW, ROOT, grant, make_role, make_team, make_user
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        for module in (guests, access_services):
            if hasattr(module, "database_now"):
                monkeypatch.setattr(module, "database_now", lambda: NOW)
        monkeypatch.setattr("compliance.selectors.audits.seen.database_now", lambda: NOW)
        yield


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def text_of(answer: Any) -> str:
    return bytes(answer.content).decode()


def file_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_a_guest_is_nobody_of_the_house(crew: Crew) -> None:
    access, _ = let_in(crew, crew.audit, crew.lead)
    guest = access.person
    assert not colleagues().filter(pk=guest.pk).exists()
    everybody = Policy(audience_kind="everybody")
    assert guest not in policies.audience_of(everybody, NOW)
    assert guest not in training.audience_of(TrainingTopic(audience="everybody"), NOW)
    assert crew.owner in policies.audience_of(everybody, NOW)
    assert guest.full_name not in text_of(as_(crew.owner).get("/people/"))
    day, team, role = NOW.date(), make_team("payments-team"), make_role("board-g")
    with nothing_written(), pytest.raises(Conflict, match="external auditor"):
        team_join(actor=ROOT, now=NOW, team=team.slug, user_id=guest.pk, valid_from=day)
    with nothing_written(), pytest.raises(Conflict, match="external auditor"):
        role_grant(actor=ROOT, now=NOW, role=role.slug, user_id=guest.pk, valid_from=day)
    found = as_(crew.admin).get(
        "/admin/autocomplete/?term=&app_label=accounts&model_name=teammembership&field_name=user"
    )
    offered = {row["id"] for row in json.loads(found.content)["results"]}
    assert str(crew.owner.pk) in offered
    assert str(guest.pk) not in offered


def test_no_form_offers_a_guest(crew: Crew) -> None:
    make_user(name="Gus Outside", is_guest=True)
    offered = 0
    for page in ("/incidents/new/", "/controls/new/", "/away/", "/policies/new/", "/compliance/scans/new/"):
        answer = as_(crew.admin).get(page)
        said = text_of(answer)
        assert "Gus Outside" not in said, page
        offered += "Owen" in said
    assert offered >= 2


def test_a_guest_reads_no_draft_wherever_they_look(crew: Crew) -> None:
    hidden = finding_of(crew, title="zebra hidden")
    told = finding_of(crew, title="zebra draft of it", condition="zebra guess")
    finding_edit(
        actor=crew.lead.actor, now=NOW, pk=told.pk, fields={"title": "It is told", "condition": "It is so"}
    )
    finding_move(actor=crew.lead.actor, now=NOW, pk=told.pk, verb="report")
    Audit.objects.filter(pk=crew.audit.pk).update(opinion="not_effective", conclusion="zebra conclusion")
    access, client = let_in(crew, crew.audit, crew.lead)
    base = "/admin/compliance/finding/"
    versions = list(Finding.history.filter(id=told.pk).order_by("history_id"))
    paths = [
        base,
        f"{base}?q=zebra",
        f"{base}{hidden.pk}/change/",
        f"{base}{hidden.pk}/history/",
        f"{base}{told.pk}/change/",
        f"{base}{told.pk}/history/",
        f"{base}{told.pk}/history/{versions[0].history_id}/",
        WORK.format(crew.audit.pk),
        f"/admin/compliance/audit/{crew.audit.pk}/report/",
        f"/admin/compliance/audit/{crew.audit.pk}/report/?form=pdf",
        f"/admin/compliance/audit/{crew.audit.pk}/change/",
        f"/admin/compliance/audit/{crew.audit.pk}/history/",
        "/admin/compliance/audit/?conclusion__contains=zebra",
        "/admin/compliance/audit/?opinion__exact=not_effective",
        "/api/v1/findings/",
        f"/search/?q={hidden.key}",
    ]
    for path in paths:
        answer = client.get(path, follow=True)
        said = text_of(answer).replace("?q=zebra", "").replace('value="zebra"', "")
        assert "zebra" not in said.replace("q=zebra", ""), path
        assert "Not effective" not in said or "opinion" in path, path
    assert client.get(f"{base}{told.pk}/history/{versions[0].history_id}/").status_code == 404
    assert client.get(f"{base}{told.pk}/history/{versions[-1].history_id}/").status_code == 200
    assert client.get(f"{base}{told.pk}/history/x/").status_code == 404
    assert client.get("/admin/compliance/audit/?opinion__exact=not_effective").status_code == 400
    for form in ("csv", "json"):
        file = file_of(client.post(f"{base}export/", {"format": form}))
        assert ("It is told" in file, "zebra" in file) == (True, False)
    # Nor does an auditor of the house, who does not work on it; its team does.
    all_of_it = Finding.history.filter(id=told.pk)
    assert finding_versions_seen(crew.other.actor, told.pk, all_of_it).count() == 1
    assert finding_versions_seen(crew.second.actor, told.pk, all_of_it).count() == 3
    assert list(findings_seen(access.person.actor)) == [Finding.objects.get(pk=told.pk)]


def test_a_guest_whose_time_is_over_is_told_so_and_whom_to_ask(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client = let_in(crew, crew.audit, crew.lead, days=1)
    page = WORK.format(crew.audit.pk)
    client.session.flush()  # the browser has its cookie still, the session is gone
    again = text_of(client.get(page))
    assert "Your access to" in again
    assert "by the link" in again
    for name in ("compliance.web.guests.database_now", "compliance.selectors.audits.seen.database_now"):
        monkeypatch.setattr(name, lambda: NOW + timedelta(days=2))
    for path in (page, "/", "/admin/"):
        answer = client.get(path)
        assert answer.status_code == 403
        said = text_of(answer)
        assert f"Your access to {crew.audit.key} ended on" in said
        assert "UTC. Ask the lead auditor, Lena" in said
    # A stranger, and somebody of the house in the same browser, are led to the sign-in as ever.
    assert Client().get(page)["Location"].startswith("/accounts/login/")
    client.force_login(crew.owner)
    assert client.get("/").cookies[guests.CAME_AS_GUEST].value == ""
    forged = Client()
    forged.cookies[guests.CAME_AS_GUEST] = "1:forged"
    assert forged.get(page)["Location"].startswith("/accounts/login/")


def test_exports_hold_plain_words(crew: Crew) -> None:
    Audit.objects.filter(pk=crew.audit.pk).update(title='Payments & "cards" <2026>')
    row = accepted(crew)
    action_of(crew, row)
    client = as_(crew.lead)
    for model in ("audit", "finding", "correctiveaction"):
        for form in ("csv", "json"):
            file = file_of(client.post(f"/admin/compliance/{model}/export/", {"format": form}))
            assert "href" not in file
            assert "&amp;" not in file
            assert crew.audit.key in file
    listed = json.loads(file_of(client.post("/admin/compliance/audit/export/", {"format": "json"})))
    titles = {one["key"]: one["title"] for one in listed}
    assert titles[crew.audit.key] == 'Payments & "cards" <2026>'
    (told,) = json.loads(file_of(client.post("/admin/compliance/finding/export/", {"format": "json"})))
    assert told["audit"].startswith(crew.audit.key)
    assert {"of", "key"} & set(told) == {"key"}
    sheet: Any = client.post("/admin/compliance/finding/export/", {"format": "xlsx"})
    book: Any = load_workbook(BytesIO(b"".join(sheet.streaming_content)))
    shown = [str(cell.value) for cell in next(book.active.iter_rows())]
    assert {"Key", "Audit", "Severity"} <= set(shown)
    assert all(title[0].isupper() and "_" not in title for title in shown)


def test_a_row_of_another_audit_is_not_reached_under_this_one(crew: Crew) -> None:
    lead = crew.lead.actor
    grant(make_role("board-n"), crew.owner)
    mine = population_freeze(actor=lead, now=NOW, audit=crew.audit.pk, kind="holdings")
    theirs = population_freeze(actor=crew.other.actor, now=NOW, audit=crew.elsewhere.pk, kind="holdings")
    ours = sample_draw(actor=lead, now=NOW, population=mine.pk, size=1)
    other = sample_draw(actor=crew.other.actor, now=NOW, population=theirs.pk, size=1)
    # One who works on both could act on either by mistake.
    audit_team_set(actor=crew.other.actor, now=NOW, pk=crew.elsewhere.pk, team=[crew.lead.pk])
    finding = finding_of(crew)
    client = as_(crew.lead)
    there = f"/admin/compliance/audit/{crew.elsewhere.pk}/"
    with nothing_written(at_an_edge=True):
        for step, row in (
            ("finding-report", finding.pk),
            ("finding-edit", finding.pk),
            ("finding-withdraw", finding.pk),
            ("draw", mine.pk),
            ("result", 99),
            ("request-accept", 99),
            ("action-verify", 99),
            ("guest-end", 99),
            ("finding", ours.items.get().pk),
            ("request", ours.items.get().pk),
        ):
            path = f"{there}do/{step}/?row={row}"
            assert client.get(path).status_code == 404, step
            assert client.post(path, {"text": "x", "size": "1"}).status_code == 404, step
        page = f"{there}samples/{other.pk}/?item={ours.items.get().pk}"
        assert client.get(page).status_code == 404
        assert client.post(page, {"result": "pass"}).status_code == 404
        assert client.get(f"{there}samples/{ours.pk}/").status_code == 404
        assert client.get(f"{there}populations/{mine.pk}/csv/").status_code == 404
    assert client.get(f"{there}do/finding/?row=0").status_code == 200


def test_what_was_looked_at_is_told_in_words_whatever_is_left_of_it(crew: Crew) -> None:
    access, _ = let_in(crew, crew.audit, crew.lead)
    looks = (
        ("admin:compliance_finding_changelist", ""),
        ("admin:compliance_finding_change", "999999"),
        ("admin:compliance_audit_file", f"{crew.audit.pk} CHG-7"),
        ("admin:index", ""),
        ("/admin/somewhere/", "x" * 30),
    )
    for page, subject in looks:
        AuditRead(
            access=access, audit=crew.audit, reader=str(uuid4()), page=page, subject=subject, at=NOW
        ).save(force_insert=True)
    shown = text_of(as_(crew.lead).get("/admin/compliance/auditread/"))
    for words in ("List of findings", "Number 999999", "CHG-7", "Complete file", "First page"):
        assert words in shown
    assert "compliance_finding_change<" not in shown
    assert User.objects.filter(is_guest=True).count() == 1


def test_what_a_guest_was_refused_is_no_read(crew: Crew) -> None:
    _, client = let_in(crew, crew.audit, crew.lead)
    pk = crew.audit.pk
    assert client.get(f"/admin/compliance/audit/{pk}/files/CHG-94/").status_code == 404
    assert client.get(WORK.format(pk)).status_code == 200
    assert list(AuditRead.objects.order_by("id").values_list("page", "subject")) == [
        ("refused admin:compliance_audit_file", f"{pk} CHG-94"),
        ("admin:compliance_audit_work", str(pk)),
    ]
    lead, base = as_(crew.lead), "/admin/compliance/auditread/"
    found = text_of(lead.get(f"{base}?q=CHG-94"))
    assert "Refused" in found.partition("result_list")[2]
    assert "files/CHG-94" not in found
    assert "Complete file" not in text_of(lead.get(f"{base}?answer=shown"))
    assert "Complete file" in text_of(lead.get(f"{base}?answer=refused"))
    assert "1 read" in text_of(lead.get(f"{base}?q={crew.audit.key}&answer=shown"))
    listed = json.loads(file_of(lead.post(f"{base}export/", {"format": "json"})))
    assert {(row["view"], row["answer"]) for row in listed} == {
        ("Complete file", "Refused"),
        ("Page", "Shown"),
    }


def test_a_look_that_cannot_be_recorded_is_not_shown(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = let_in(crew, crew.audit, crew.lead)
    client.raise_request_exception = False

    def away(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(guests, "read_record", away)
    answer = client.get(WORK.format(crew.audit.pk))
    assert answer.status_code == 500
    assert crew.audit.title not in text_of(answer)


def test_the_back_office_tells_times_as_the_portal_does_and_scope_in_words(crew: Crew) -> None:
    control = control_create(
        actor=crew.admin.actor,
        now=NOW,
        fields={"title": "Locks", "frequency": "monthly", "owner": str(crew.owner.pk)},
    )
    audit = Audit.objects.filter(pk=crew.audit.pk)
    audit.update(
        controls=f"|{control.key}|", services="|payments|", due_at=datetime(2026, 12, 16, tzinfo=UTC)
    )
    shown = text_of(as_(crew.lead).get("/admin/compliance/audit/"))
    assert "2026-12-16 00:00" in shown
    assert "midnight" not in shown
    assert "Times are those of UTC." in shown
    told = text_of(as_(crew.other).get(f"/admin/compliance/audit/{crew.audit.pk}/change/"))
    assert f'<a href="/controls/{control.key}/">{control.key} Locks</a>' in told
    assert '<a href="/services/payments/">' in told
    _, client = let_in(crew, crew.audit, crew.lead)
    told = text_of(client.get(f"/admin/compliance/audit/{crew.audit.pk}/change/"))
    assert f"{control.key} Locks" in told
    assert "/controls/" not in told


def test_a_test_beyond_the_scope_is_noticed(crew: Crew) -> None:
    fields = {"frequency": "monthly", "owner": str(crew.owner.pk)}
    within, beyond = (
        control_create(actor=crew.admin.actor, now=NOW, fields={**fields, "title": title})
        for title in ("Locks", "Badges")
    )
    for control in (within, beyond):
        control_test_plan(
            actor=crew.lead.actor,
            now=NOW,
            audit=crew.audit.pk,
            fields={"kind": "design", "controls": [control.key]},
        )
    words = "not among the controls in scope"
    pages = (WORK.format(crew.audit.pk), f"/admin/compliance/audit/{crew.audit.pk}/report/")
    for page in pages:
        assert words not in text_of(as_(crew.lead).get(page))
    Audit.objects.filter(pk=crew.audit.pk).update(controls=f"|{within.key}|")
    for page in pages:
        assert f"{words}: {beyond.key}." in text_of(as_(crew.lead).get(page))


def test_the_end_of_an_access_in_the_past_is_refused_in_its_own_words(crew: Crew) -> None:
    typed = {"email": "x@example.com", "full_name": "X", "ends_at": "2020-01-01T00:00"}
    answer = as_(crew.lead).post(f"/admin/compliance/audit/{crew.audit.pk}/do/guest/", typed)
    assert answer.status_code == 400
    assert "Must lie ahead." in text_of(answer)


def test_a_row_names_people_and_links_to_none_whom_the_reader_may_not_look_at(crew: Crew) -> None:
    finding = accepted(crew)
    action = action_of(crew, finding)
    _, guest = let_in(crew, crew.audit, crew.lead)
    rows = {
        f"/admin/compliance/finding/{finding.pk}/change/": crew.owner,
        f"/admin/compliance/correctiveaction/{action.pk}/change/": crew.doer,
        f"/admin/compliance/audit/{crew.audit.pk}/change/": crew.lead,
    }
    for path, person in rows.items():
        page = text_of(guest.get(path))
        assert person.full_name in page
        assert "/admin/accounts/user/" not in page
        for link in set(re.findall(r'<div class="readonly"><a href="([^"]+)"', page)):
            assert guest.get(link).status_code == 200, link
    first = text_of(as_(crew.admin).get(next(iter(rows))))
    assert f"/admin/accounts/user/{crew.owner.pk}/" in first
