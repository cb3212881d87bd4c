"""The back office of audits: an auditor's work from plan to report, and a guest who sees one audit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from changes.models import Change
from compliance.models import Audit, AuditRead, Finding, Population, Sample, WorkingNote
from compliance.services.audits import access as access_services
from compliance.services.audits.access import access_grant, access_revoke
from compliance.services.audits.sampling import population_freeze, sample_draw
from compliance.services.audits.testing import note_write
from compliance.services.controls.controls import control_create
from compliance.web import guests
from opsportal.accounts.models import SavedSearch, User
from opsportal.core.clock import database_now
from tests import changing
from tests.auditing import WORK, Crew, accepted, action_of, finding_of, let_in, make_crew, reported
from tests.makers import NOW, grant, make_role, make_user
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


def do(client: Client, audit: Audit, step: str, row: Any = 0, **given: Any) -> Any:
    return client.post(f"/admin/compliance/audit/{audit.pk}/do/{step}/?row={row}", given)


def text_of(answer: Any) -> str:
    return bytes(answer.content).decode()


def test_an_auditor_plans_in_the_back_office(crew: Crew) -> None:
    client = as_(crew.lead)
    page = client.get("/admin/compliance/audit/add/")
    assert page.status_code == 200
    given = {
        "title": "Monthly review",
        "kind": "review",
        "services": "payments",
        "period_from": "2026-02-01",
        "period_until": "2026-02-28",
        "due_at_0": "",
        "due_at_1": "",
        "reason": "It is planned",
    }
    answer = client.post("/admin/compliance/audit/add/", given)
    assert answer.status_code == 302, re.findall(r"errorlist.*", text_of(answer))
    audit = Audit.objects.latest("pk")
    assert (audit.title, audit.lead_id, audit.service_slugs) == (
        "Monthly review",
        crew.lead.pk,
        ("payments",),
    )
    wrong = client.post("/admin/compliance/audit/add/", {**given, "services": "nowhere"})
    assert wrong.status_code == 400
    assert "no service" in text_of(wrong)
    change = f"/admin/compliance/audit/{audit.pk}/change/"
    assert client.get(change).status_code == 200
    edited = {
        **given,
        "title": "Review of February",
        "seen_version": audit.version,
        "opinion": "",
        "lead": "",
    }
    assert client.post(change, edited).status_code == 302
    audit.refresh_from_db()
    assert (audit.title, audit.due_at.isoformat()) == ("Review of February", "2026-03-31T00:00:00+00:00")
    assert client.get(f"/admin/compliance/audit/{audit.pk}/history/").status_code == 200
    assert as_(crew.owner).get("/admin/compliance/audit/add/").status_code == 302  # to the sign-in


def test_from_fieldwork_to_report_without_an_engineer(crew: Crew) -> None:
    client, audit = as_(crew.lead), crew.audit
    grant(make_role("board-a"), crew.owner)
    test = {"control": "SOC2-CC6.1", "title": "Roles are held by those who need them", "kind": "operating"}
    assert do(client, audit, "test", **test).status_code == 302
    assert do(client, audit, "test", **test).status_code == 400
    assert do(client, audit, "freeze", kind="holdings").status_code == 302
    population = Population.objects.get()
    assert do(client, audit, "draw", population.pk, size=1, seed="2026-annual").status_code == 302
    sample = Sample.objects.get()
    page = f"/admin/compliance/audit/{audit.pk}/samples/{sample.pk}/"
    shown = text_of(client.get(page))
    assert "Board A" in shown
    assert "2026-annual" in shown
    item = sample.items.get()
    refused = client.post(f"{page}?item={item.pk}", {"result": "exception", "note": "", "evidence": ""})
    assert (refused.status_code, "Say what" in text_of(refused)) == (400, True)
    told = {"result": "exception", "note": "Nobody knows why", "evidence": "holding:1"}
    assert client.post(f"{page}?item={item.pk}", told).status_code == 302
    finding = {
        "title": "A role without a reason",
        "severity": "medium",
        "condition": "Owen holds it",
        "criteria": "CC6.1",
        "owner": crew.owner.pk,
    }
    assert do(client, audit, "finding", item.pk, **finding).status_code == 302
    row = Finding.objects.get()
    assert row.item == item
    assert do(client, audit, "finding-report", row.pk).status_code == 302
    assert do(client, audit, "reporting").status_code == 409
    control = audit.tests.get()
    assert do(client, audit, "result", control.pk, result="not_met", work="Looked at all").status_code == 302
    assert do(client, audit, "reporting").status_code == 302
    assert do(client, audit, "issue").status_code == 400
    concluded = {"opinion": "effective_with_exceptions", "conclusion": "One thing."}
    assert do(client, audit, "conclude", **concluded).status_code == 302
    assert do(client, audit, "issue").status_code == 302
    assert do(client, audit, "close").status_code == 302
    audit.refresh_from_db()
    assert audit.state == "closed"
    report = f"/admin/compliance/audit/{audit.pk}/report/"
    whole = text_of(client.get(report))
    assert audit.reports.get().content_hash in whole
    assert "A role without a reason" in whole
    pdf = client.get(f"{report}?form=pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.content == client.get(f"{report}?form=pdf").content
    assert json.loads(client.get(f"{report}?form=json").content)["findings"][0]["key"] == row.key
    assert client.get(f"{report}?form=exe").status_code == 400
    assert client.get(WORK.format(audit.pk)).status_code == 200


def test_the_file_of_a_change_is_complete(crew: Crew) -> None:
    change = changing.ready_to_close(changing.make_cast())
    key = Change.objects.get(pk=change.pk).key
    page = f"/admin/compliance/audit/{crew.audit.pk}/files/{key}/"
    shown = text_of(as_(crew.lead).get(page))
    for part in ("Justification", "Rollback plan", "Reviews and votes", "Deployments", "Linked incidents"):
        assert part in shown
    content = json.loads(as_(crew.lead).get(f"{page}?form=json").content)
    votes = [vote for one in content["approvals"] for stage in one["stages"] for vote in stage["votes"]]
    assert votes
    assert all(vote["content_hash"] == content["content_hash"] and vote["cast_at"] for vote in votes)
    assert as_(crew.lead).get(f"{page}?form=pdf").content.startswith(b"%PDF-")
    assert as_(crew.lead).get(page.replace(key, "CHG-999999")).status_code == 404
    without = as_(crew.lead).get(f"/admin/compliance/audit/{crew.audit.pk}/without-change/")
    assert without.status_code == 200


def test_another_auditor_reads_the_audit_and_not_its_notes_and_drafts(crew: Crew) -> None:
    note_write(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, text="the hidden thought")
    draft = finding_of(crew, title="the hidden draft")
    for person in (crew.other, crew.admin):
        client = as_(person)
        for path in (
            WORK.format(crew.audit.pk),
            "/admin/compliance/workingnote/",
            "/admin/compliance/workingnote/?q=hidden",
            "/admin/compliance/finding/?q=hidden",
            f"/admin/compliance/audit/{crew.audit.pk}/report/",
        ):
            answer = client.get(path)
            assert answer.status_code == 200
            assert "the hidden" not in text_of(answer)
        for model, row in (("workingnote", WorkingNote.objects.get()), ("finding", draft)):
            for page in ("change", "history"):
                answer = client.get(f"/admin/compliance/{model}/{row.pk}/{page}/", follow=True)
                assert "the hidden" not in text_of(answer)
            for form in ("csv", "json"):
                file = client.post(f"/admin/compliance/{model}/export/?q=hidden", {"format": form})
                assert b"the hidden" not in b"".join(file.streaming_content)  # type: ignore[attr-defined]
        assert do(client, crew.audit, "note", text="mine too").status_code == 403
        assert do(client, crew.audit, "finding-report", draft.pk).status_code in {403, 404}
    shown = text_of(as_(crew.second).get(WORK.format(crew.audit.pk)))
    assert "the hidden thought" in shown
    assert "the hidden draft" in shown


def test_many_findings_are_reported_at_once_with_a_reason(crew: Crew) -> None:
    rows = [finding_of(crew, title=f"Finding {number}") for number in range(3)]
    client = as_(crew.lead)
    chosen = {"action": "report", "_selected_action": [row.pk for row in rows]}
    asked = client.post("/admin/compliance/finding/", chosen)
    assert "Report these findings" in text_of(asked)
    assert not Finding.objects.exclude(state="draft").exists()
    assert client.post("/admin/compliance/finding/", {**chosen, "sure": "yes"}).status_code == 400
    done = client.post("/admin/compliance/finding/", {**chosen, "sure": "yes", "reason": "Fieldwork is done"})
    assert done.status_code == 302
    assert Finding.objects.filter(state="reported").count() == 3
    assert Finding.history.filter(history_change_reason="Fieldwork is done").count() == 3


def test_a_search_is_kept_for_oneself(crew: Crew) -> None:
    client, other = as_(crew.lead), as_(crew.other)
    path = "/admin/compliance/finding/searches/"
    kept = client.post(path, {"name": "Grave", "query": "severity=high&overdue=yes&p=3"})
    assert kept["Location"] == "/admin/compliance/finding/?severity=high&overdue=yes&p=3"
    assert "severity=high&amp;overdue=yes" in text_of(client.get("/admin/compliance/finding/"))
    assert "Grave" not in text_of(other.get("/admin/compliance/finding/"))
    assert client.post(path, {"name": "", "query": "severity=high"}).status_code == 400
    row = SavedSearch.objects.get()
    assert other.post(path, {"drop": row.pk}).status_code == 404
    assert client.post(path, {"drop": row.pk}).status_code == 302
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    "query", ["state=reported", "overdue=yes", "overdue=soon", "service=payments", "whose=mine"]
)
def test_findings_are_narrowed_as_an_auditor_asks(crew: Crew, query: str) -> None:
    reported(crew, service="payments")
    assert as_(crew.other).get(f"/admin/compliance/finding/?{query}").status_code == 200


def test_the_page_of_an_audit_costs_the_same_with_many_things_in_it(crew: Crew) -> None:
    client = as_(crew.lead)
    counted = []
    for more in (1, 6):
        for number in range(more):
            row = accepted(crew, title=f"Finding {number} of {more}")
            action_of(crew, row)
            do(client, crew.audit, "test", control=f"C-{more}-{number}", title="x", kind="design")
            population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="holdings")
        client.get(WORK.format(crew.audit.pk))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(WORK.format(crew.audit.pk)).status_code == 200
        counted.append(len(captured))
    assert counted[0] == counted[1]


def filled(crew: Crew) -> str:
    """Put rows with telling words into AUD-1; return the pattern of what a stranger must not read."""
    finding = accepted(crew, title="zebra finding")
    action_of(crew, finding, title="zebra action")
    note_write(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, text="zebra note")
    Audit.objects.filter(pk=crew.audit.pk).update(title="zebra audit", objective="zebra objective")
    do(as_(crew.lead), crew.audit, "test", control="zebra-1", title="zebra control", kind="design")
    do(as_(crew.lead), crew.audit, "request", title="zebra request", kind="document", owner=crew.owner.pk)
    grant(make_role("board-z"), crew.owner)
    population = population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="holdings")
    sample_draw(actor=crew.lead.actor, now=NOW, population=population.pk, size=1, seed="zebra-seed")
    return r"zebra[ -](finding|action|note|audit|objective|control|request|seed|1)|\bOwen\b"


def test_an_external_auditor_of_another_audit_walks_every_model_and_finds_nothing(crew: Crew) -> None:
    hidden = filled(crew)
    _, client = let_in(crew, crew.elsewhere, crew.other)
    seen_pages = 0
    # Drawing the page takes most of the time of a refusal: of other models only its words are drawn.
    whole = {Audit, Finding, WorkingNote}
    with nothing_written(at_an_edge=True, but=("compliance.AuditRead", "audit.AuditEntry")):
        for model, admin in site._registry.items():
            base = f"/admin/{admin.opts.app_label}/{admin.opts.model_name}/"
            row = model._default_manager.order_by("pk").first()
            drawn = {} if model in whole else {"HX-Request": "true"}
            paths = [base, f"{base}?q=zebra", f"{base}?e=1", f"{base}add/", f"{base}?_popup=1&_to_field=id"]
            if row is not None:
                paths += [f"{base}{row.pk}/{page}/" for page in ("change", "history", "delete")]
                paths += [f"{base}{row.pk}/change/?_popup=1"]
            for path in paths:
                answer = client.get(path, follow=True, headers=drawn)
                seen_pages += answer.status_code == 200
                said = text_of(answer)
                assert not re.search(hidden, said), path
            if row is not None:
                for path in (f"{base}{row.pk}/change/", f"{base}add/", f"{base}{row.pk}/delete/", base):
                    given = {"action": "report", "_selected_action": row.pk, "sure": "yes", "reason": "x"}
                    answer = client.post(path, given, headers=drawn)
                    assert answer.status_code in {403, 404, 405}, path
            for form in ("csv", "xlsx", "json"):
                file = client.post(f"{base}export/?q=zebra", {"format": form}, headers=drawn)
                content = b"".join(file.streaming_content) if file.streaming else file.content  # type: ignore[attr-defined]
                assert not re.search(hidden.encode(), content), base
            named = {"name": "x", "query": "q=zebra"}
            searches = client.post(f"{base}searches/", named, headers=drawn)
            assert searches.status_code == 403, base
        auto = client.get(
            "/admin/autocomplete/?term=zebra&app_label=compliance&model_name=finding&field_name=audit"
        )
        assert not re.search(hidden, text_of(auto))
        for page in ("work/", "report/", "without-change/", "do/note/", "samples/1/", "files/CHG-1/"):
            path = f"/admin/compliance/audit/{crew.audit.pk}/{page}"
            assert client.get(path).status_code == 404, path
            assert client.post(path, {"text": "x"}).status_code == 403, path
        for path in ("/incidents/", "/changes/", "/search/?q=zebra", "/api/v1/changes/", "/services/"):
            assert client.get(path).status_code in {403, 404}, path
    assert seen_pages > 5
    assert AuditRead.objects.filter(reader=str(User.objects.get(is_guest=True).pk)).count() > 20


def test_an_external_auditor_reads_their_audit_and_every_look_is_recorded(crew: Crew) -> None:
    filled(crew)
    access, client = let_in(crew, crew.audit, crew.lead)
    shown = text_of(client.get(WORK.format(crew.audit.pk)))
    for word in ("zebra finding", "zebra action", "zebra request", "zebra control", "zebra-seed"):
        assert word in shown
    assert "zebra note" not in shown
    assert "/do/" not in shown
    for model in ("finding", "correctiveaction", "evidencerequest", "controltest", "sample", "sampleitem"):
        answer = client.get(f"/admin/compliance/{model}/")
        assert answer.status_code == 200
        assert "zebra" in text_of(answer) or model in {"sample", "sampleitem"}
    finding = Finding.objects.get()
    assert client.get(f"/admin/compliance/finding/{finding.pk}/change/").status_code == 200
    file = client.post("/admin/compliance/finding/export/", {"format": "json"})
    assert "zebra finding" in b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]
    assert "compliance" in text_of(client.get("/admin/")).lower()
    reads = AuditRead.objects.filter(access=access)
    assert reads.filter(page="admin:compliance_finding_change", subject=str(finding.pk)).exists()
    assert reads.filter(page="admin:compliance_finding_export").exists()
    client.get(f"/admin/compliance/finding/{finding.pk}/history/")
    client.get(f"/admin/compliance/audit/{crew.audit.pk}/samples/{Sample.objects.get().pk}/")
    told = text_of(as_(crew.lead).get(f"/admin/compliance/auditread/?audit__id__exact={crew.audit.pk}"))
    for words in (
        f"{finding.key} zebra finding",
        "History",
        "Erin Outside",
        "List of findings",
        "by zebra",
    ):
        assert words in told
    assert "compliance_finding_change<" not in told
    assert str(access.person_id) not in told
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/admin/compliance/audit/"


def test_a_link_after_its_end_is_refused_and_a_session_ends_with_it(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, secret = access_grant(
        actor=crew.lead.actor,
        now=NOW,
        audit=crew.audit.pk,
        email="guest@example.com",
        full_name="Gus",
        ends_at=NOW + timedelta(days=1),
    )
    client = Client()
    link = f"/audits/guest/{secret}/"
    assert client.post(link).status_code == 302
    assert client.get(WORK.format(crew.audit.pk)).status_code == 200
    # The database's clock decides, whatever this process believes.
    for name in ("compliance.web.guests.database_now", "compliance.selectors.audits.seen.database_now"):
        monkeypatch.setattr(name, lambda: NOW + timedelta(days=1))
    answer = client.get(WORK.format(crew.audit.pk))
    assert (answer.status_code, f"{crew.audit.key} ended on" in text_of(answer)) == (403, True)
    assert "_auth_user_id" not in client.session
    for method in (client.get, client.post):
        refused = method(link)
        assert (refused.status_code, "ended on" in text_of(refused)) == (403, True)
    assert client.get("/audits/guest/opg_unknown/").status_code == 404
    assert database_now() is not None
    with nothing_written(at_an_edge=True):
        assert do(as_(crew.other), crew.audit, "guest", email="x@example.com").status_code in {400, 403}
    access_revoke(actor=crew.lead.actor, now=NOW, pk=access.pk)
    monkeypatch.setattr("compliance.web.guests.database_now", lambda: NOW)
    assert client.post(link).status_code == 403


def test_the_link_is_shown_once_and_an_end_is_needed(crew: Crew) -> None:
    client = as_(crew.lead)
    given = {"email": "erin@example.com", "full_name": "Erin", "ends_at": "2026-03-20T12:00"}
    shown = text_of(do(client, crew.audit, "guest", **given))
    link = re.search(r"/audits/guest/opg_[\w-]+/", shown)
    assert link
    assert link[0] not in text_of(client.get(WORK.format(crew.audit.pk)))
    for wrong in (
        {"ends_at": "2026-01-01T12:00"},
        {"ends_at": "2027-12-01T12:00"},
        {"email": crew.owner.email},
    ):
        assert do(client, crew.audit, "guest", **{**given, **wrong}).status_code == 400
    assert make_user(is_guest=True).has_perm("compliance.view_audit") is False
    with pytest.raises(NoReverseMatch):
        reverse("admin:compliance_nothing_changelist")


def test_a_report_tells_times_and_states_in_words_and_json_keeps_them_for_machines(crew: Crew) -> None:
    finding = accepted(crew)
    action_of(crew, finding)
    grant(make_role("board-w"), crew.owner)
    population_freeze(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, kind="holdings")
    change = changing.ready_to_close(changing.make_cast())
    key = Change.objects.get(pk=change.pk).key
    client, base = as_(crew.lead), f"/admin/compliance/audit/{crew.audit.pk}"
    whole = text_of(client.get(f"{base}/report/"))
    for words in ("2 March 2026, 09:30 UTC", "1 January 2026 to 31 March 2026", "1 April 2026, 00:00 UTC"):
        assert words in whole
    file = text_of(client.get(f"{base}/files/{key}/"))
    assert "March 2026" in file
    for page in (whole, file):
        document = page.split('class="op-document"')[1]
        assert not re.search(r"\d{4}-\d\d-\d\dT|\+00:00|rolled_back|in_review|not_met|normal-board", document)
    assert "T09:30:00" in text_of(client.get(f"{base}/report/?form=json"))


def offered(page: str) -> set[str]:
    return set(re.findall(r"/do/([\w-]+)/", page))


def test_a_page_offers_the_steps_that_would_be_taken_and_says_what_the_others_need(crew: Crew) -> None:
    client, path = as_(crew.lead), WORK.format(crew.audit.pk)
    draft = finding_of(crew, owner="")
    page = text_of(client.get(path))
    assert {"finding-edit", "finding-withdraw", "freeze", "test", "request", "team"} <= offered(page)
    assert not {"reporting", "finding-report", "begin", "issue", "close"} & offered(page)
    assert "Before the fieldwork ends: 1 draft of findings to be reported or withdrawn." in page
    assert "name an owner who does not work on this audit" in page
    do(client, crew.audit, "finding-withdraw", draft.pk, text="Not so")
    row = accepted(crew)
    action = action_of(crew, row)
    page = text_of(client.get(path))
    assert {"action", "reporting"} <= offered(page)
    assert not {"action-verify", "finding-verify"} & offered(page)
    assert "Verified once its corrective actions are." in page
    assert "Its owner does it next." in page
    as_(crew.doer).post(f"/audits/actions/{action.key}/do/finish/", {"text": "It asks"})
    assert {"action-verify", "action-return"} <= offered(text_of(client.get(path)))
    assert do(client, crew.audit, "reporting").status_code == 302
    page = text_of(client.get(path))
    assert not {"test", "result", "freeze", "draw", "request", "issue", "close"} & offered(page)
    assert "Before the report is issued: its opinion and conclusion to be written." in page
    assert "Before the audit is closed: the report to be issued." in page
    admin = text_of(as_(crew.admin).get(path))
    assert "Lena, who leads it, issues the report" in admin
    assert not {"issue", "close", "action-verify"} & offered(admin)
    assert offered(text_of(as_(crew.other).get(path))) == set()
    # Nor do lists offer steps to those who work on no audit; who leads some audit is asked by its row.
    for person, has in ((crew.lead, True), (crew.other, True), (crew.admin, False)):
        assert ('value="report"' in text_of(as_(person).get("/admin/compliance/finding/"))) is has
    assert 'value="cancel"' in text_of(as_(crew.admin).get("/admin/compliance/audit/"))
    # Every step that is offered is taken, or asks for words; none is refused for who asks or when.
    for step in offered(page) - {"cancel", "resume", "guest"}:
        rows = re.findall(rf"/do/{step}/\?row=(\d+)", page) or ["0"]
        assert do(client, crew.audit, step, rows[0]).status_code in {302, 400}, step


def test_an_opinion_stands_beside_what_is_open(crew: Crew) -> None:
    row = accepted(crew)
    client = as_(crew.lead)
    form = text_of(client.get(f"/admin/compliance/audit/{crew.audit.pk}/do/conclude/"))
    assert f"{row} is of high severity and open." in form
    bold = {"opinion": "effective", "conclusion": "All is well."}
    refused = do(client, crew.audit, "conclude", **bold)
    assert refused.status_code == 400
    assert "This speaks against “Effective”" in text_of(refused)
    told = {**bold, "opinion_reason": "It was put right at once."}
    assert do(client, crew.audit, "conclude", **told).status_code == 302
    report = text_of(client.get(f"/admin/compliance/audit/{crew.audit.pk}/report/"))
    assert "Why this opinion, although something is open" in report
    assert "It was put right at once." in report


def test_controls_of_the_catalogue_are_chosen_and_linked_from_both_sides(crew: Crew) -> None:
    fields = {"title": "Changes are approved", "frequency": "monthly", "owner": str(crew.owner.pk)}
    control = control_create(actor=crew.admin.actor, now=NOW, fields=fields)
    client = as_(crew.lead)
    planned = {
        "title": "Scoped",
        "kind": "review",
        "controls": [control.pk],
        "period_from": "2026-02-01",
        "period_until": "2026-02-28",
        "due_at_0": "",
        "due_at_1": "",
        "reason": "It is planned",
    }
    assert client.post("/admin/compliance/audit/add/", planned).status_code == 302
    audit = Audit.objects.latest("pk")
    assert audit.control_keys == (control.key,)
    assert do(client, audit, "test", controls=[control.pk], kind="design").status_code == 302
    page = text_of(client.get(WORK.format(audit.pk)))
    assert page.count(f"/controls/{control.key}/") == 2
    shown = text_of(client.get(f"/controls/{control.key}/"))
    assert "In audits" in shown
    assert f"{audit.key}, in scope" in shown
    assert "In audits" not in text_of(as_(crew.owner).get(f"/controls/{control.key}/"))
    change = f"/admin/compliance/audit/{audit.pk}/change/"
    edited = {**planned, "seen_version": audit.version, "opinion": "", "lead": "", "title": "Scoped anew"}
    assert client.post(change, edited).status_code == 302
    assert Audit.objects.get(pk=audit.pk).control_keys == (control.key,)
    shown = text_of(as_(crew.other).get(change))
    assert str(control) in shown
    assert f"|{control.key}|" not in shown
