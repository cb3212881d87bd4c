"""The back office of people and the catalogue: every model is there, writes go through the services."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from opsportal.accounts.models import RoleHolding, ServiceAccount, Team, TeamMembership, User
from opsportal.audit.models import AuditEntry
from opsportal.catalog.services import dependency_add, provider_create, service_update
from opsportal.core.access import _open_to_auditors, may, names
from tests.makers import (
    NOW,
    PASSWORD,
    ROOT,
    away,
    grant,
    join,
    make_environment,
    make_role,
    make_service,
    make_team,
    make_token,
    make_user,
)
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
MODELS = [model for label in ("accounts", "catalog") for model in apps.get_app_config(label).get_models()
          if not model.__name__.startswith(("Historical", "SavedSearch"))]  # fmt: skip
# A saved search is its owner's alone: it stands in no list of the back office.

READ_OR_OWN = {
    "contact.change",
    "gate.ask",
    "notification.choose",
    "notification.read",
    "oncall.hours",
    "operations.see",
    "page.acknowledge",
    "page.see",
    "report.subscribe",
    "search.keep",
    "target.see",
    "user.set_password",
    "user.update",
}

AUDITING = {
    "audit.issue",
    "audit.lead",
    "audit.plan",
    "audit.work",
    "corrective_action.open",
    "finding.raise",
    "finding.verify",
}
"""What auditors do in audits that they lead or work on; in no other."""


@pytest.fixture
def admin() -> User:
    return make_user("admin@example.org", name="Admin", staff=True)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada")


@pytest.fixture
def one_of_each(ada: User) -> dict[str, Any]:
    """One row of every model."""
    team = make_team("payments")
    join(team, ada)
    make_role("cab")
    grant("cab", ada)
    away(ada, make_user())
    make_token(["gate:read"], account="ci")
    make_environment("production")
    make_service("a", team=team)
    make_service("b", team=team)
    dependency_add(actor=ROOT, now=NOW, service="a", depends_on="b")
    provider_create(actor=ROOT, now=NOW, slug="mail", name="Mail", owner_team="payments", used_by=["a"])
    return {model.__name__: model._default_manager.first() for model in MODELS}


def url(model: type, page: str, *args: object) -> str:
    meta = model._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def ask(client: Client, model: type, action: str, *rows: Any, **more: str) -> Any:
    chosen = [str(row.pk) for row in rows]
    return client.post(
        url(model, "changelist"), {"action": action, "_selected_action": chosen, **more}, follow=True
    )


def act(client: Client, model: type, action: str, *rows: Any, **more: str) -> Any:
    """Choose rows, and answer the question with yes and a reason."""
    return ask(client, model, action, *rows, **{"sure": "yes", "reason": "As agreed", **more})


def text_of(response: Any) -> str:
    return str(response.content.decode())


# --- what there is


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_list_a_search_a_page_and_its_history(
    model: type, client: Client, one_of_each: dict[str, Any]
) -> None:
    row = one_of_each[model.__name__]
    assert site.is_registered(model)
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "changelist"), {"q": "a"}).status_code == 200
    assert client.get(url(model, "change", row.pk)).status_code == 200
    history = client.get(url(model, "history", row.pk))
    assert history.status_code == 200
    assert "The portal" in text_of(history)
    version = row.history.first().pk
    assert client.get(url(model, "simple_history", row.pk, version)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_is_deleted_or_put_back(model: type, client: Client, one_of_each: dict[str, Any]) -> None:
    row = one_of_each[model.__name__]
    version = row.history.first().pk
    with nothing_written(at_an_edge=True):
        assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        assert client.post(url(model, "simple_history", row.pk, version), {}).status_code == 403
        act(client, model, "delete_selected", row, post="yes")
    assert "delete_selected" not in text_of(client.get(url(model, "changelist")))


@pytest.mark.parametrize("name", ["Role", "ApiToken", "Service", "Environment", "Dependency"])
def test_what_is_written_elsewhere_is_only_looked_at(
    name: str, client: Client, one_of_each: dict[str, Any]
) -> None:
    row = one_of_each[name]
    with nothing_written(at_an_edge=True):
        assert client.get(url(type(row), "add")).status_code == 403
        assert client.post(url(type(row), "change", row.pk), {"name": "x"}).status_code == 403


def test_only_administrators_come_in(ada: User) -> None:
    client = Client()
    assert client.get("/admin/")["Location"].startswith("/accounts/login/")
    client.force_login(ada)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/accounts/user/", follow=True).status_code == 403


def test_there_is_no_second_way_of_signing_in_and_of_setting_passwords(client: Client) -> None:
    other = Client()
    for visitor in (other, client):
        answer = visitor.post("/admin/login/", {"username": "ada@example.org", "password": PASSWORD})
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in other.session
    assert client.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_addresses_and_groups_are_not_written_past_the_services(client: Client) -> None:
    for path in ("/admin/account/emailaddress/", "/admin/auth/group/"):
        assert client.get(path).status_code == 404


def test_nothing_shows_a_password_hash_or_a_digest(client: Client, ada: User) -> None:
    token, _ = make_token(["gate:read"])
    assert ada.password not in text_of(client.get(url(User, "change", ada.pk)))
    assert token.digest not in text_of(client.get(url(type(token), "change", token.pk)))


def test_history_says_who_and_what(client: Client, admin: User) -> None:
    service = make_service("payments-api")
    service_update(actor=admin.actor, now=NOW, slug="payments-api", tier="critical")
    text = text_of(client.get(url(type(service), "history", service.pk)))
    assert "Admin" in text
    assert "Critical" in text


# --- people


def save_user(client: Client, ada: User | None, **values: str) -> Any:
    address = url(User, "change", ada.pk) if ada else url(User, "add")
    given = {
        "email": "ada@example.org",
        "full_name": "Ada",
        "time_zone": "UTC",
        "seen_version": "1",
        "reason": "As agreed",
        **values,
    }
    return client.post(address, given)


def test_an_administrator_adds_a_person_through_the_service(client: Client, admin: User) -> None:
    response = save_user(client, None, email="New@Example.org")
    assert response.status_code == 302
    user = User.objects.get(email="new@example.org")
    assert user.has_usable_password() is False
    assert AuditEntry.objects.get(action="user.created", object_key=str(user.pk)).actor_id == str(admin.pk)
    assert LogEntry.objects.count() == 0


def test_an_administrator_changes_a_person_through_the_service(client: Client, ada: User) -> None:
    assert save_user(client, ada, full_name="Augusta", is_staff="on").status_code == 302
    ada.refresh_from_db()
    assert (ada.full_name, ada.is_staff, ada.version) == ("Augusta", True, 2)
    assert AuditEntry.objects.filter(action="user.updated").count() == 1


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"time_zone": "Mars/Olympus"}, 400, "There is no such zone"),
        ({"full_name": "a\x07"}, 400, "cannot be stored"),
        ({"seen_version": "7"}, 409, "Read it again"),
        ({"email": "nonsense"}, 200, "valid email"),
        ({"email": "admin@example.org"}, 200, "already exists"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(
    client: Client, ada: User, values: dict[str, str], status: int, words: str
) -> None:
    with nothing_written(at_an_edge=True):
        response = save_user(client, ada, **{"full_name": "Augusta", **values})
    assert response.status_code == status
    assert words in text_of(response)
    if "full_name" not in values:
        assert 'value="Augusta"' in text_of(response)


def test_nobody_promotes_themselves_or_removes_the_last_administrator(client: Client, admin: User) -> None:
    with nothing_written(at_an_edge=True):
        response = save_user(
            client, admin, email="admin@example.org", full_name="Admin"
        )  # no tick: no longer staff
    assert response.status_code == 409
    assert "last administrator" in text_of(response)


def test_people_are_barred_and_erased_after_a_question(client: Client, ada: User, admin: User) -> None:
    with nothing_written():
        asked = ask(client, User, "deactivate", ada)
        bare = ask(client, User, "deactivate", ada, sure="yes", reason="  ")
    assert "Bar these people" in text_of(asked)
    assert "Say why" in text_of(bare)
    assert bare.status_code == 400
    act(client, User, "deactivate", ada)
    assert User.objects.get(pk=ada.pk).is_active is False
    act(client, User, "reactivate", ada)
    assert User.objects.get(pk=ada.pk).is_active is True
    with nothing_written():
        ask(client, User, "erase", ada)
    act(client, User, "erase", ada)
    ada.refresh_from_db()
    assert ada.full_name == ""
    with nothing_written(at_an_edge=True):
        refused = act(client, User, "deactivate", admin)
    assert "last administrator" in text_of(refused)


# --- teams, roles, machines


def test_teams_are_added_and_changed_but_keep_their_slug(client: Client) -> None:
    new = {"name": "Payments", "description": "", "reason": "New"}
    client.post(url(Team, "add"), {**new, "slug": "payments"})
    team = Team.objects.get()
    given = {"slug": "other", "name": "Paying", "description": "", "seen_version": "1", "reason": "New name"}
    assert client.post(url(Team, "change", team.pk), given).status_code == 302
    team.refresh_from_db()
    assert (team.slug, team.name) == ("payments", "Paying")
    with nothing_written(at_an_edge=True):
        bad = client.post(url(Team, "add"), {**new, "slug": "Not_Good"})
    assert bad.status_code == 400
    assert "lower-case" in text_of(bad)


def test_roles_are_granted_and_ended_by_the_service(client: Client, ada: User, admin: User) -> None:
    role = make_role("cab")
    given = {
        "role": role.pk,
        "user": ada.pk,
        "valid_from": "2026-01-01",
        "valid_until": "",
        "scope_kind": "",
        "scope_key": "",
        "reason": "Elected",
    }
    assert client.post(url(RoleHolding, "add"), given).status_code == 302
    holding = RoleHolding.objects.get()
    with nothing_written(at_an_edge=True):
        twice = client.post(url(RoleHolding, "add"), {**given, "valid_from": "2026-01-02"})
        oneself = client.post(url(RoleHolding, "add"), {**given, "user": admin.pk})
        nowhere = client.post(
            url(RoleHolding, "add"), {**given, "scope_kind": "service", "scope_key": "nothing"}
        )
        changed = client.post(url(RoleHolding, "change", holding.pk), given)
    assert [r.status_code for r in (twice, oneself, nowhere, changed)] == [409, 403, 400, 403]
    assert "Nobody raises their own role" in text_of(oneself)
    assert "There is no such service" in text_of(nowhere)
    act(client, RoleHolding, "end_now", holding)
    holding.refresh_from_db()
    assert holding.valid_until is not None
    assert AuditEntry.objects.filter(action="role.ended").count() == 1


def test_members_join_and_leave_by_the_service(client: Client, ada: User) -> None:
    team = make_team("payments")
    given = {
        "team": team.pk,
        "user": ada.pk,
        "valid_from": "2026-01-01",
        "valid_until": "",
        "reason": "Joins",
    }
    assert client.post(url(TeamMembership, "add"), given).status_code == 302
    act(client, TeamMembership, "end_today", TeamMembership.objects.get())
    assert TeamMembership.objects.get().valid_until is not None


def test_machines_are_added_and_disabled_and_tokens_revoked(client: Client) -> None:
    given = {"slug": "ci", "description": "x", "team": "", "reason": "A pipeline"}
    assert client.post(url(ServiceAccount, "add"), given).status_code == 302
    token, _ = make_token(["gate:read"], account="ci")
    act(client, type(token), "revoke", token)
    token.refresh_from_db()
    assert token.revoked_at is not None
    account = ServiceAccount.objects.get()
    act(client, ServiceAccount, "disable", account)
    with nothing_written(at_an_edge=True):
        twice = act(client, ServiceAccount, "disable", account)
    assert "not possible" in text_of(twice)
    act(client, ServiceAccount, "enable", account)
    account.refresh_from_db()
    assert account.state == "active"


@pytest.mark.parametrize("key", ["zz", "9" * 40, "-1", "0", "\x00"])
@pytest.mark.parametrize("field", ["role", "user"])
def test_what_is_no_key_of_a_row_is_refused_on_a_form(admin: User, field: str, key: str) -> None:
    make_role("board")
    client = Client()
    client.force_login(admin)
    typed = {"role": "1", "user": str(admin.pk), "valid_from": "2026-01-01", field: key}
    with nothing_written(at_an_edge=True):
        answer = client.post("/admin/accounts/roleholding/add/", typed)
    assert answer.status_code == 400


@pytest.mark.parametrize("key", ["zz", "9" * 40, "-1"])
@pytest.mark.parametrize("model", ["user", "apitoken", "roleholding", "team"])
def test_what_is_no_key_of_a_row_is_refused_for_an_action(admin: User, model: str, key: str) -> None:
    client = Client()
    client.force_login(admin)
    with nothing_written(at_an_edge=True):
        answer = client.post(f"/admin/accounts/{model}/", {"action": "erase", "_selected_action": key})
    assert answer.status_code == 400


def test_audit_entries_are_read_with_names_and_searched_by_key(admin: User) -> None:
    make_service("payments-api")
    client = Client()
    client.force_login(admin)
    listed = client.get("/admin/audit/auditentry/?q=payments-api")
    assert listed.status_code == 200
    assert b"payments-api" in listed.content
    entry = AuditEntry.objects.get(object_key="payments-api")
    shown = client.get(f"/admin/audit/auditentry/{entry.pk}/change/")
    assert shown.status_code == 200
    assert b"service.created" in shown.content
    assert client.post(f"/admin/audit/auditentry/{entry.pk}/change/", {"action": "x"}).status_code == 403


# --- why


def test_a_write_without_a_reason_is_refused_and_keeps_what_was_typed(client: Client, ada: User) -> None:
    with nothing_written(at_an_edge=True):
        response = save_user(client, ada, full_name="Augusta", reason=" ")
        bare = client.post(url(Team, "add"), {"slug": "payments", "name": "Payments", "description": ""})
    assert "Say why" in text_of(response)
    assert 'value="Augusta"' in text_of(response)
    assert "Say why" in text_of(bare)


def test_the_reason_stands_in_the_history_and_in_the_audit_trail(client: Client, ada: User) -> None:
    save_user(client, ada, is_staff="on", reason="Takes over from Bob")
    row = ada.history.first()
    assert row.history_change_reason == "Takes over from Bob"
    entry = AuditEntry.objects.get(action="user.updated")
    assert json.loads(bytes(entry.canonical))["reason"] == "Takes over from Bob"
    text = text_of(client.get(url(User, "history", ada.pk)))
    for part in ("Takes over from Bob", row.history_correlation_id, "Administrator", "Admin"):
        assert part in text
    assert 'op-line-minus"><span class="op-sign" aria-hidden="true">−</span>' in text
    assert 'op-line-plus"><span class="op-sign" aria-hidden="true">+</span>' in text


# --- S8 and S9 of reliability.md


@pytest.fixture
def auditor() -> Client:
    client = Client()
    client.force_login(make_user("auditor@example.org", name="Auditor", is_auditor=True))
    return client


def test_s9_an_auditor_sees_all_of_the_back_office_and_changes_nothing_in_it(
    auditor: Client, ada: User, one_of_each: dict[str, Any]
) -> None:
    for model in MODELS:
        row = one_of_each[model.__name__]
        assert auditor.get(url(model, "changelist")).status_code == 200
        shown = auditor.get(url(model, "change", row.pk))
        assert shown.status_code == 200
        assert 'name="_save"' not in text_of(shown)
        assert auditor.get(url(model, "history", row.pk)).status_code == 200
        with nothing_written(at_an_edge=True):
            assert auditor.get(url(model, "add")).status_code == 403
            assert auditor.post(url(model, "add"), {"reason": "x"}).status_code == 403
            assert auditor.post(url(model, "change", row.pk), {"reason": "x"}).status_code == 403
            assert auditor.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    with nothing_written(at_an_edge=True):
        act(auditor, User, "deactivate", ada)
        act(auditor, User, "erase", ada)


def test_s9_an_auditor_exports_what_they_may_look_at(auditor: Client) -> None:
    assert auditor.post(url(Team, "export"), {"format": "csv"}).status_code == 200


def test_s9_no_permission_is_open_to_an_auditor_but_what_reads_and_what_is_their_own() -> None:
    person = make_user(is_auditor=True)
    assert {name for name in names() if name in _open_to_auditors} == READ_OR_OWN | AUDITING
    for name in names() - READ_OR_OWN - AUDITING:
        assert may(person.actor, name, None) is False


def test_s9_an_auditor_reads_the_portal_and_may_change_their_own_name_only(
    auditor: Client, ada: User
) -> None:
    for path in ("/", "/changes/", "/services/", "/people/", "/operations/", "/obligations/"):
        assert auditor.get(path).status_code == 200
    with nothing_written(at_an_edge=True):
        assert auditor.post("/changes/new/?type=normal", {"title": "x"}).status_code in {400, 403}
        assert auditor.post("/api/v1/changes/", {"title": "x"}, "application/json").status_code in {400, 403}
    given = {"full_name": "Renamed", "time_zone": "UTC", "version": "1"}
    assert auditor.post("/profile/", given).status_code == 302


def test_s8_nobody_changes_their_own_rights_and_nobody_is_both(
    client: Client, admin: User, ada: User
) -> None:
    make_user(staff=True)
    given = {"email": "admin@example.org", "full_name": "Admin", "is_auditor": "on"}
    with nothing_written(at_an_edge=True):
        oneself = save_user(client, admin, **given)
        both = save_user(client, ada, is_staff="on", is_auditor="on")
    assert oneself.status_code == 403
    assert "choose one of both" in text_of(both)
    ada_as_auditor = save_user(client, ada, is_auditor="on")
    assert ada_as_auditor.status_code == 302
    assert User.objects.get(pk=ada.pk).is_auditor
    of_hers = Client()
    of_hers.force_login(User.objects.get(pk=ada.pk))
    with nothing_written(at_an_edge=True):
        assert save_user(of_hers, ada, seen_version="2", is_staff="on").status_code == 403


# --- lists as files


def file_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_list_is_exported_as_it_is_narrowed_without_formulas_and_on_record(
    client: Client, admin: User
) -> None:
    make_team("alpha")
    make_team("beta")
    Team.objects.filter(slug="beta").update(name="=HYPERLINK(1)", description="Beta")
    answer = client.post(f"{url(Team, 'export')}?q=beta", {"format": "csv"})
    text = file_of(answer).decode("utf-8-sig")
    assert answer["Content-Disposition"] == 'attachment; filename="accounts-team.csv"'
    assert [line.split(",")[1:3] for line in text.splitlines()] == [
        ['"name"', '"slug"'],
        ['"\'=HYPERLINK(1)"', '"beta"'],
    ]
    rows = json.loads(file_of(client.post(url(Team, "export"), {"format": "json"})))
    assert {row["slug"] for row in rows} == {"alpha", "beta"}
    first, second = AuditEntry.objects.filter(action="admin.exported").order_by("id")
    assert json.loads(bytes(first.canonical))["data"] == {"format": "csv", "q": "…"}
    assert (second.object_key, second.actor_id) == ("accounts.team", str(admin.pk))
    with nothing_written(at_an_edge=True):
        assert client.post(url(Team, "export"), {"format": "xml"}).status_code == 400
        assert client.get(url(Team, "export")).status_code == 403
        assert Client().post(url(Team, "export"), {"format": "csv"}).status_code == 302


def test_an_empty_list_is_a_file_too(client: Client) -> None:
    answer = client.post(url(Team, "export"), {"format": "json"})
    assert json.loads(file_of(answer)) == []
