"""`manage.py preflight`: a line for each thing, exit code 1 where one fails, nothing changed."""

from __future__ import annotations

import json
from functools import cache
from io import StringIO
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.checks.async_checks import check_async_unsafe
from django.core.checks.registry import registry
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.checks import schema_check

from opsportal.portal.demo.people import PEOPLE
from tests.makers import grant, make_environment, make_user
from tests.packs import activate
from tests.servers import Mailbox
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


def preflight() -> tuple[int, dict[str, tuple[str, str]]]:
    out, code = StringIO(), 0
    try:
        call_command("preflight", "--json", stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    found = json.loads(out.getvalue())["findings"]
    return code, {one["name"]: (one["verdict"], one["detail"]) for one in found}


@cache
def schema_checked() -> tuple[CheckMessage, ...]:
    return tuple(schema_check(app_configs=None))


@pytest.fixture(autouse=True)
def _the_schema_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes most of the time of all checks, and no setting that is looked at here changes it."""

    def check(**_: Any) -> list[CheckMessage]:
        return list(schema_checked())

    assert schema_check in registry.deployment_checks
    check.tags = schema_check.tags  # type: ignore[attr-defined]
    others = registry.deployment_checks - {schema_check}
    monkeypatch.setattr(registry, "deployment_checks", others | {check})


@pytest.fixture(autouse=True)
def _no_browser_has_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that drives a browser needs it for each query (tests/conftest.py); no portal ever sets it."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    looking: Any = check_async_unsafe

    def check(**more: Any) -> list[CheckMessage]:
        with monkeypatch.context() as without:
            without.delenv("DJANGO_ALLOW_ASYNC_UNSAFE")
            return list(looking(**more))

    assert looking in registry.deployment_checks
    check.tags = looking.tags  # type: ignore[attr-defined]
    others = registry.deployment_checks - {looking}
    monkeypatch.setattr(registry, "deployment_checks", others | {check})


@pytest.fixture
def ready(settings: Any, mailbox: Mailbox) -> Any:
    """An installation that is fit for people."""
    activate()
    make_user(staff=True)
    settings.PUBLIC_URL = "https://ops.example.org"
    settings.ALLOWED_HOSTS = ["ops.example.org"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECRET_KEY = "only-for-this-test-7uZ4pQm1xN8vRk2tWc5yHb9sLd3fGj6a-and-more"
    settings.EMAIL_HOST = mailbox.env["EMAIL_HOST"]
    settings.EMAIL_PORT = int(mailbox.env["EMAIL_PORT"])
    settings.DEFAULT_FROM_EMAIL = "ops@example.org"
    return settings


def test_one_that_is_fit_passes_and_is_left_as_it_was(ready: Any) -> None:
    with nothing_written():
        code, found = preflight()
    failing = {name: detail for name, (verdict, detail) in found.items() if verdict == "fail"}
    assert failing == {}
    assert code == 0
    assert {
        "settings",
        "address",
        "hosts",
        "key",
        "port",
        "mail",
        "channels",
        "disk",
        "files",
        "broker",
        "database",
    } <= set(found)
    assert {"migrations", "triggers", "standard", "administrator", "demo"} <= set(found)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("settings", {"DEBUG": True}, "debug mode"),
        ("address", {"PUBLIC_URL": "http://ops.example.org"}, "not https"),
        ("hosts", {"ALLOWED_HOSTS": ["*"]}, "name the hosts"),
        ("channels", {"SLACK_BOT_TOKEN": "x"}, "lacks SLACK_SIGNING_SECRET"),
        ("channels", {"TWILIO_VOICE_FROM": "x"}, "calls nobody"),
        ("hosts", {"ALLOWED_HOSTS": ["other.example.org"]}, "lacks ops.example.org"),
        ("key", {"SECRET_KEY": "short"}, "weak"),
        ("mail", {"EMAIL_PORT": 1}, "does not answer"),
        ("files", {"FILES_FOLDER": "/proc/opsportal"}, "GiB free"),
    ],
)
def test_each_wrong_setting_fails_by_name(ready: Any, name: str, change: dict[str, Any], words: str) -> None:
    for key, value in change.items():
        setattr(ready, key, value)
    code, found = preflight()
    assert code == 1
    assert found[name][0] == "fail"
    assert words in found[name][1]


def test_people_of_the_demo_beside_real_ones_fail(ready: Any) -> None:
    make_user(email=PEOPLE[0].email)
    code, found = preflight()
    assert (code, found["demo"][0]) == (1, "fail")
    assert "beside 1 real" in found["demo"][1]


def test_the_demo_alone_is_no_failure() -> None:
    activate()
    make_user(email=PEOPLE[0].email, staff=True)
    assert preflight()[1]["demo"][0] == "ok"


def test_no_standard_and_no_administrator_fail() -> None:
    code, found = preflight()
    assert code == 1
    assert (found["standard"][0], found["administrator"][0]) == ("fail", "fail")


def test_a_missing_trigger_fails(ready: Any) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER append_only_rows")
        else:
            cursor.execute("DROP TRIGGER append_only_update_audit_auditentry")
    code, found = preflight()
    assert (code, found["triggers"][0]) == (1, "fail")
    assert "audit_auditentry" in found["triggers"][1]


def test_migrations_that_wait_fail_and_nothing_after_them_is_asked(
    ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [object(), object()])
    code, found = preflight()
    assert (code, found["migrations"][0]) == (1, "fail")
    assert "standard" not in found


def test_what_is_missing_for_the_first_change_is_named(ready: Any) -> None:
    _, found = preflight()
    verdict, detail = found["environments"]
    assert (verdict, "manage.py start" in detail) == ("warn", True)
    verdict, detail = found["voters"]
    assert verdict == "warn"
    assert "technical-reviewer" in detail
    for roles in detail.removeprefix("nobody holds ").partition(":")[0].split(", "):
        grant(roles.split()[0], make_user())
    make_environment("staging", kind="staging")
    assert preflight()[1]["environments"][0] == "warn"
    make_environment()
    _, found = preflight()
    assert (found["environments"][0], found["voters"][0]) == ("ok", "ok")
