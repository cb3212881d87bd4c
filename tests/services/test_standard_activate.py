"""Storing a standard and putting it in force; whatever goes wrong, the old one stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from opsportal.accounts.models import Role
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from opsportal.standards import selectors
from opsportal.standards.models import Activation, StandardVersion
from opsportal.standards.services import (
    standard_activate,
    standard_activate_by_change,
    standard_install,
    standard_propose,
    standard_store,
)
from opsportal.standards.shipped import shipped_names
from tests.makers import NOW, ROOT, make_user
from tests.packs import activate_anew as activate
from tests.packs import install, own_pack
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

ROLE = '[[role]]\nid = "release-council"\ntitle = "Release Council"\nkind = "board"\n'
RULE = """
[[rule]]
id = "described"
kind = "gate"
title = "A change is described"
applies_to = "change.submit"
demand = { field = "description" }
source = { section = "1", line = 1, quote = "Describe it." }
"""


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who hears of activations: without listeners, the outbox stays empty."""
    monkeypatch.setitem(topics._handlers, "standards.activated", {"tests.hear": lambda _message: None})


def test_a_shipped_standard_is_put_in_force() -> None:
    activation = standard_activate(actor=ROOT, now=NOW, name="baseline")
    row = StandardVersion.objects.get()
    assert activation.standard == row
    assert (row.name, row.version, row.title) == ("baseline", "1.0.0", "Baseline Operations Standard")
    assert (activation.activated_at, activation.activated_by_kind) == (NOW, "system")
    standard = selectors.active_standard()
    assert (standard.name, standard.content_hash) == ("baseline", row.content_hash)
    assert row.source.startswith("[standard]\n")


def test_its_roles_are_declared() -> None:
    activate("aielon")
    assert set(Role.objects.values_list("slug", "kind")) == {
        ("change-advisory-board", "board"),
        ("technical-council", "board"),
        ("security-board", "board"),
        ("operations-team", "board"),
        ("executive-team", "board"),
    }


def test_it_is_audited_and_told(listener: None) -> None:
    baseline = activate("baseline")
    acgs = activate("acgs", now=NOW + timedelta(hours=1))
    entries = AuditEntry.objects.filter(action__startswith="standard.").order_by("id")
    assert [(entry.action, entry.object_key) for entry in entries] == [
        ("standard.stored", "baseline"),
        ("standard.activated", "baseline"),
        ("standard.stored", "acgs"),
        ("standard.activated", "acgs"),
    ]
    assert entry_data(entries[3]) == {
        "version": "1.0",
        "hash": acgs.content_hash,
        "previous": baseline.content_hash,
    }
    told = OutboxMessage.objects.order_by("id")
    assert [message.topic for message in told] == ["standards.activated"] * 2
    assert told[1].payload == {
        "name": "acgs",
        "version": "1.0",
        "hash": acgs.content_hash,
        "previous": baseline.content_hash,
    }


def test_the_newest_activation_counts() -> None:
    first = activate("baseline")
    activate("acgs")
    again = activate("baseline")
    assert again.content_hash == first.content_hash
    assert selectors.active_standard().name == "baseline"
    assert StandardVersion.objects.count() == 2
    assert Activation.objects.count() == 3


def test_activating_what_is_active_writes_nothing() -> None:
    activate("baseline")
    with nothing_written():
        activation = standard_activate(actor=ROOT, now=NOW + timedelta(days=1), name="baseline")
    assert activation.activated_at == NOW


def test_a_pack_of_ones_own_is_stored_and_put_in_force() -> None:
    standard = install(ROLE, RULE)
    assert selectors.active_standard() == standard
    assert Role.objects.get(slug="release-council").title == "Release Council"
    assert standard_activate(actor=ROOT, now=NOW, name="own").standard.version == "1"


def test_a_pack_extends_a_shipped_one() -> None:
    standard = install(RULE, extends="baseline")
    assert len(standard.rules) > 30
    board, described = standard.rule("normal-board"), standard.rule("described")
    assert board is not None
    assert described is not None
    assert (board.origin, board.source.document) == ("baseline", "baseline.md")
    assert (described.origin, described.source.document) == ("own", "own.md")


def test_a_pack_extends_a_stored_one() -> None:
    install(ROLE, RULE)
    source = own_pack(extends="own").replace('name = "own"', 'name = "child"')
    row = standard_store(actor=ROOT, now=NOW, source=source.encode())
    child = selectors.standard_by_hash(row.content_hash)
    assert [(rule.id, rule.origin) for rule in child.rules] == [("described", "own")]


def test_the_newest_version_of_a_name_is_activated() -> None:
    install(RULE, version="1")
    standard_store(actor=ROOT, now=NOW, source=own_pack(ROLE, RULE, version="2").encode())
    assert selectors.active_standard().version == "1"
    standard_activate(actor=ROOT, now=NOW, name="own")
    assert selectors.active_standard().version == "2"


def test_the_same_content_is_stored_once() -> None:
    source = own_pack(RULE)
    first = standard_store(actor=ROOT, now=NOW, source=source.encode())
    with nothing_written():
        second = standard_store(actor=ROOT, now=NOW, source=("# a comment\n" + source).encode())
    assert first == second


def test_a_version_never_changes() -> None:
    install(RULE)
    with refused(Conflict, "version_taken"):
        standard_install(actor=ROOT, now=NOW, source=own_pack(ROLE, RULE).encode())


def test_a_pack_with_faults_is_refused_with_all_of_them_and_the_old_one_stays() -> None:
    activate("baseline")
    broken = RULE.replace('"change.submit"', '"change.dreamt"').replace("line = 1", 'line = "x"')
    with refused(InvalidInput, "invalid_pack") as caught:
        standard_install(actor=ROOT, now=NOW, source=own_pack(broken).encode(), file="own.toml")
    assert [error.pointer for error in caught.value.errors] == [
        "/described/applies_to",
        "/described/source.line",
    ]
    assert caught.value.errors[0].detail.startswith("own.toml: described: applies_to: 'change.dreamt' is not")
    assert caught.value.detail == "The pack has 2 faults; the active standard stays as it is."
    assert selectors.active_standard().name == "baseline"


@pytest.mark.parametrize("name", sorted(shipped_names()))
def test_the_name_of_a_shipped_pack_is_taken(name: str) -> None:
    source = own_pack(RULE).replace('name = "own"', f'name = "{name}"')
    with refused(InvalidInput, "invalid_pack") as caught:
        standard_store(actor=ROOT, now=NOW, source=source.encode())
    assert [error.pointer for error in caught.value.errors] == ["/pack/standard.name"]


@pytest.mark.parametrize("source", [b"", b"\xff", b"[", b"x" * 1_100_000, b"\x00"])
def test_what_is_no_pack_is_refused(source: bytes) -> None:
    with refused(InvalidInput, "invalid_pack"):
        standard_store(actor=ROOT, now=NOW, source=source)


def test_an_unknown_name_is_refused() -> None:
    install(RULE)
    with refused(NotFound) as caught:
        standard_activate(actor=ROOT, now=NOW, name="nothing")
    known = ", ".join(sorted({*shipped_names(), "own"}))
    assert caught.value.detail.endswith(f"there are: {known}.")


def test_nobody_but_the_portal_itself_puts_a_standard_in_force() -> None:
    admin = make_user(staff=True)
    machine = Actor.service_account("1", frozenset({"standards:write"}))
    for actor in (admin.actor, make_user().actor, machine, Actor.anonymous()):
        with refused(Forbidden):
            standard_activate(actor=actor, now=NOW, name="baseline")
        with refused(Forbidden):
            standard_install(actor=actor, now=NOW, source=own_pack(RULE).encode())


def test_only_administrators_propose_one() -> None:
    machine = Actor.service_account("1", frozenset({"standards:write"}))
    for actor in (make_user().actor, machine, Actor.anonymous()):
        with refused(Forbidden):
            standard_store(actor=actor, now=NOW, source=own_pack(RULE).encode())
        with refused(Forbidden):
            standard_propose(actor=actor, now=NOW, name="acgs")
    admin = make_user(staff=True)
    assert standard_propose(actor=admin.actor, now=NOW, name="acgs").name == "acgs"
    assert standard_store(actor=admin.actor, now=NOW, source=own_pack(RULE).encode()).name == "own"
    assert not Activation.objects.exists()


def test_an_administrator_puts_none_in_force_without_a_change() -> None:
    admin = make_user(staff=True)
    row = standard_propose(actor=admin.actor, now=NOW, name="acgs")
    with refused(Forbidden):
        standard_activate_by_change(actor=admin.actor, now=NOW, content_hash=row.content_hash, change="")


# --- reading --------------------------------------------------------------------------------------------


def test_without_a_standard_nothing_is_ready() -> None:
    with pytest.raises(Unavailable) as refusal:
        selectors.active_standard()
    assert refusal.value.detail == "No standard is active; run manage.py standard activate baseline"
    assert selectors.readiness() == (False, refusal.value.detail)
    activate("baseline")
    assert selectors.readiness() == (True, "baseline 1.0.0 is active")


def test_the_active_standard_costs_one_query() -> None:
    activate("baseline")
    selectors.active_standard()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert selectors.active_standard().name == "baseline"
    assert len(queries) == 1


def test_a_standard_of_old_is_read_by_its_hash_without_a_query() -> None:
    old = activate("baseline")
    activate("acgs")
    with CaptureQueriesContext(connection) as queries:
        assert selectors.standard_by_hash(old.content_hash).name == "baseline"
    assert len(queries) == 0
    selectors._parsed.clear()
    assert selectors.standard_by_hash(old.content_hash) == old


def test_the_active_hash_joins_another_query() -> None:
    expected = activate("acgs").content_hash
    make_user()
    user = type(make_user()).objects.annotate(standard=selectors.active_hash_subquery()).first()
    assert user is not None
    assert user.standard == expected


def test_an_unknown_hash_is_not_found() -> None:
    with pytest.raises(NotFound):
        selectors.standard_by_hash("0" * 64)


def test_content_that_was_tampered_with_is_never_used() -> None:
    standard = activate("baseline")
    row = StandardVersion.objects.get()
    forged = StandardVersion.objects.create(
        name="forged",
        version="1",
        title="Forged",
        content_hash="f" * 64,
        content=row.content,
        source="",
        stored_at=NOW,
    )
    Activation.objects.create(standard=forged, activated_at=NOW)
    with pytest.raises(Unavailable, match="does not match its hash"):
        selectors.active_standard()
    assert selectors.readiness()[0] is False
    assert selectors.standard_by_hash(standard.content_hash) == standard


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("model", [StandardVersion, Activation])
def test_what_was_stored_cannot_be_changed(statement: str, model: type[Activation]) -> None:
    activate("baseline")
    table = model._meta.db_table
    with (
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert model.objects.count() == 1
