"""What may be deleted, what must not yet be, and what stays of what was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from compliance.measuring.windows import span_at, window_of
from compliance.models import Backup, LegalHold, Measurement, Purge, Rollup, Series
from compliance.selectors.measures.tallies import tallies_of
from compliance.services.measures.adding import measurements_add
from compliance.services.recovery.assets import asset_edit
from compliance.services.recovery.evaluating import recover_evaluate, retain_evaluate
from compliance.services.recovery.holds import hold_lift, hold_place
from compliance.services.recovery.purging import may_go, purge_bite, purge_plan
from compliance.services.recovery.record_classes import BY_SLUG, LEDGER
from incidents.models import AlertMessage, ChangeReport, Integration
from incidents.services.alerts.integrations import integration_create
from opsportal.audit.triggers import missing_triggers
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, RuleRefused
from opsportal.notify.models import Delivery, Notification
from opsportal.notify.services import deliveries_prune, notifications_prune, notify
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard
from tests.changing import activate, rule
from tests.makers import NOW, make_service, make_user
from tests.measuring import measured_under
from tests.recovering import HOUR, Cast, make_asset, make_cast, told
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PURGER = Actor.system("command.purge")
LONG_AGO = NOW - 400 * DAY


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def posts(cast: Cast, *moments: datetime) -> None:
    """Keep a post of a sender of alerts at each of these instants."""
    if not Integration.objects.exists():
        integration_create(
            actor=cast.admin.actor, now=NOW, slug="monitor", kind="own", fields={"name": "Monitor"}
        )
    integration = Integration.objects.get()
    for moment in moments:
        AlertMessage.objects.create(
            integration=integration, format="own", received_at=moment, sha256="a" * 64, body=b"{}"
        )


def purge(cast: Cast, before: datetime, **more: int) -> Purge | None:
    return purge_bite(
        actor=PURGER, now=NOW, records="alert_messages", before=before, reason="Monthly work.", **more
    )


def test_what_need_not_be_kept_goes_in_bites_with_a_tombstone_each(cast: Cast) -> None:
    posts(cast, LONG_AGO, LONG_AGO + DAY, LONG_AGO + 2 * DAY, NOW - DAY)
    limit = may_go("alert_messages", NOW)
    assert limit == datetime.fromisoformat("2025-03-02T00:00:00+00:00")
    with nothing_written():
        plan = purge_plan(now=NOW, records="alert_messages", before=limit)
    assert (plan.rows, plan.oldest, plan.reasons) == (3, LONG_AGO, ())
    first, second = purge(cast, limit, most=2), purge(cast, limit, most=2)
    assert first
    assert second
    assert (first.rows, first.oldest_at, first.newest_at) == (2, LONG_AGO, LONG_AGO + DAY)
    assert (second.rows, first.rules, len(first.digest)) == (1, ["keep-posts"], 64)
    assert first.digest != second.digest
    assert purge(cast, limit) is None
    assert AlertMessage.objects.count() == 1
    assert missing_triggers(connection) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertMessage.objects.all().delete()


def test_what_a_rule_keeps_stays(cast: Cast) -> None:
    posts(cast, LONG_AGO, NOW - DAY)
    with refused(RuleRefused) as caught:
        purge(cast, NOW)
    assert [reason.rule for reason in caught.value.reasons] == ["keep-posts"]


def test_a_legal_hold_keeps_what_no_rule_does(cast: Cast) -> None:
    posts(cast, LONG_AGO)
    with refused(Forbidden):
        hold_place(actor=cast.owner.actor, now=NOW, fields={"reason": "A lawsuit."})
    with refused(InvalidInput, "before_start"):
        hold_place(
            actor=cast.admin.actor, now=NOW, fields={"reason": "A lawsuit.", "since": NOW, "until": NOW}
        )
    hold = hold_place(actor=cast.admin.actor, now=NOW, fields={"reason": "A lawsuit."})
    assert may_go("alert_messages", NOW) is None
    with refused(RuleRefused) as caught:
        purge(cast, NOW - 370 * DAY)
    assert [reason.rule for reason in caught.value.reasons] == [hold.key]
    with refused(InvalidInput, "required"):
        hold_lift(actor=cast.admin.actor, now=NOW, pk=hold.pk)
    hold_lift(actor=cast.admin.actor, now=NOW, pk=hold.pk, reason="It is settled.")
    with refused(IllegalMove):
        hold_lift(actor=cast.admin.actor, now=NOW, pk=hold.pk, reason="Again.")
    assert purge(cast, NOW - 370 * DAY)


def test_a_legal_hold_of_an_asset_keeps_what_is_of_that_asset_alone(cast: Cast) -> None:
    keeps = ("alert_messages", "backup_records")
    demands = [f'{{ retain = {{ records = "{one}", keep = "30 days" }} }}' for one in keeps]
    rules = [rule(f"keep-{number}", "retention.purge", one) for number, one in enumerate(demands)]
    activate(*rules, version="2", now=NOW + HOUR)
    later = NOW + 60 * DAY
    other = make_asset(cast.owner, "other-store")
    held, free = told(cast.asset), told(other)
    posts(cast, LONG_AGO)
    hold_place(actor=cast.admin.actor, now=NOW, fields={"asset": cast.asset.slug, "reason": "A lawsuit."})
    act: dict[str, Any] = {"actor": PURGER, "now": later, "reason": "Monthly work."}
    plan = purge_plan(now=later, records="backup_records")
    assert (plan.rows, plan.reasons) == (1, ())
    assert purge_bite(records="backup_records", before=plan.before, **act)
    assert purge_bite(records="backup_records", before=plan.before, **act) is None
    assert [row.pk for row in Backup.objects.filter(pk__in=[held.pk, free.pk])] == [held.pk]
    assert may_go("alert_messages", later) is not None
    # One that names a class which knows no asset keeps all of that class.
    hold_place(
        actor=cast.admin.actor,
        now=NOW,
        fields={"asset": cast.asset.slug, "records": "alert_messages", "reason": "A lawsuit."},
    )
    assert may_go("alert_messages", later) is None


def test_a_legal_hold_over_everything_keeps_news_and_deliveries_from_their_ticks(cast: Cast) -> None:
    for number, days in enumerate((500, 450, 400)):
        told_at = NOW - days * DAY
        notify(
            now=told_at,
            message_key=f"news:{number}",
            recipients=[str(cast.owner.pk)],
            subject="News",
            body="Something.",
            url="/",
            urgency="normal",
            topic="changes.mine",
            about="CHG-1",
        )
    Delivery.objects.update(state="sent", due_at=None, finished_at=NOW - 390 * DAY)
    place = {"reason": "A lawsuit.", "since": NOW - 460 * DAY, "until": NOW - 410 * DAY}
    partly = hold_place(actor=cast.admin.actor, now=NOW, fields=place)
    of_asset = {"reason": "A lawsuit.", "asset": cast.asset.slug}
    hold_place(actor=cast.admin.actor, now=NOW, fields=of_asset)
    assert (notifications_prune(now=NOW), Notification.objects.count()) == (2, 1)
    assert Notification.objects.get().created_at == NOW - 450 * DAY
    hold_place(actor=cast.admin.actor, now=NOW, fields={"reason": "Another."})
    hold_lift(actor=cast.admin.actor, now=NOW, pk=partly.pk, reason="It is settled.")
    assert (deliveries_prune(now=NOW), notifications_prune(now=NOW)) == (0, 0)
    LegalHold.objects.filter(asset=None).update(state="lifted", lifted_at=NOW, lifted_by=cast.admin)
    deliveries_prune(now=NOW)
    assert notifications_prune(now=NOW) == 1


def test_only_the_command_deletes_and_only_what_can_be_deleted(cast: Cast) -> None:
    posts(cast, LONG_AGO)
    with refused(Forbidden):
        purge_bite(
            actor=cast.admin.actor,
            now=NOW,
            records="alert_messages",
            before=NOW - 370 * DAY,
            reason="Mine.",
        )
    for records, kind, code in (
        ("audit_log", Conflict, "never_deleted"),
        ("evidence_records", Conflict, "never_deleted"),
        ("change_records", Conflict, "never_deleted"),
        ("no_such", NotFound, "not_found"),
    ):
        with refused(kind, code):
            purge_bite(actor=PURGER, now=NOW, records=records, before=LONG_AGO, reason="Space.")
    with refused(InvalidInput, "required"):
        purge_bite(actor=PURGER, now=NOW, records="alert_messages", before=LONG_AGO)
    with refused(InvalidInput, "in_the_future"):
        purge(cast, NOW + DAY)


def test_without_a_rule_nothing_of_a_class_goes(cast: Cast) -> None:
    told(cast.asset)
    assert may_go("backup_records", NOW) is None
    with refused(RuleRefused):
        purge_bite(actor=PURGER, now=NOW + DAY, records="backup_records", before=NOW + HOUR, reason="Space.")


def said(**options: Any) -> list[str]:
    """Return what the command says, line by line."""
    out = StringIO()
    call_command("purge", stdout=out, **options)
    return out.getvalue().splitlines()


def test_a_dry_run_says_one_thing_of_each_class(cast: Cast) -> None:
    posts(cast, LONG_AGO, NOW - DAY)
    with nothing_written():
        lines = {line.split(":")[0]: line.partition(": ")[2] for line in said(dry_run=True)}
    assert list(lines) == list(BY_SLUG)
    assert lines["alert_messages"].startswith("1 records go: those made before ")
    assert lines["audit_log"] == f"Nothing goes. {LEDGER}"
    assert lines["metrics"].startswith("Nothing goes. No rule of the standard says how long")
    assert not any("go: those" in line and "Nothing" in line for line in lines.values())
    with nothing_written():
        kept = said(records="alert_messages", before=f"{datetime.now(UTC):%Y-%m-%d}", dry_run=True)
    assert kept[0].startswith("alert_messages: Nothing goes. keep-posts keeps these records for 1 year")
    with pytest.raises(CommandError, match="keep-posts keeps these"):
        said(records="alert_messages", before=f"{datetime.now(UTC):%Y-%m-%d}", reason="Space.")
    for wrong in ({}, {"records": "alert_messages", "all": True}, {"all": True, "before": "soon"}):
        with pytest.raises(CommandError):
            said(**wrong)
    lines = {line.split(":")[0]: line.partition(": ")[2] for line in said(all=True, reason="Monthly work.")}
    assert lines["alert_messages"].startswith("1 records made before ")
    assert lines["audit_log"] == f"Nothing goes. {LEDGER}"
    assert said(records="alert_messages", dry_run=True)[0].startswith(
        "alert_messages: Nothing goes: there is none"
    )


def points(service: str, *days_ago: int) -> None:
    """Measure the availability of a service at noon so many days ago."""
    rows = [
        {"figure": "availability", "service": service, "value": 99.0, "at": (NOW - ago * DAY).isoformat()}
        for ago in days_ago
    ]
    measurements_add(actor=Actor.system("tests"), now=NOW, rows=rows)


def test_points_go_by_their_rule_and_their_days_stay() -> None:
    rule_ = rule("keep-points", "retention.purge", '{ retain = { records = "metrics", keep = "30 days" } }')
    measured_under(rule_)
    for slug in ("shop", "till"):
        make_service(slug)
        points(slug, 40, 35, 31, 20, 0)
    before = may_go("metrics", NOW)
    assert before
    act: dict[str, Any] = {"actor": PURGER, "now": NOW, "records": "metrics", "before": before}
    plan = purge_plan(now=NOW, records="metrics")
    assert (plan.rows, plan.oldest, plan.before) == (6, NOW - 40 * DAY, before)
    hold = hold_place(
        actor=make_user(staff=True).actor, now=NOW, fields={"records": "metrics", "reason": "Court."}
    )
    with refused(RuleRefused):
        purge_bite(**act, reason="Monthly work.")
    hold_lift(actor=make_user(staff=True).actor, now=NOW, pk=hold.pk, reason="It is settled.")
    bites = [purge_bite(**act, reason="Monthly work.", most=4) for _ in range(3)]
    assert [bite.rows if bite else None for bite in bites] == [4, 2, None]
    assert bites[0]
    assert (bites[0].oldest_at, bites[0].rules, bites[0].first_id > 0) == (
        NOW - 40 * DAY,
        ["keep-points"],
        True,
    )
    assert Measurement.objects.filter(at__lt=before).count() == 0
    assert Measurement.objects.count() == 4
    assert Rollup.objects.filter(grain="day").count() == 10
    # The hour of the newest point that went goes with the next ones.
    assert Rollup.objects.filter(grain="hour").count() == 4 + 2
    # What went is not taken in again: its day would count it twice.
    with refused(InvalidInput, "purged"):
        points("shop", 40)
    found = tallies_of([one.pk for one in Series.objects.all()], span_at(window_of("90d"), NOW))
    assert [(tally.count, tally.last) for tally in found.values()] == [(5, 99.0)] * 2


def test_sessions_that_are_over_go() -> None:
    rule_ = rule(
        "keep-sessions", "retention.purge", '{ retain = { records = "sessions", keep = "30 days" } }'
    )
    measured_under(rule_)
    for days in (40, 2):
        Session.objects.create(session_key=f"key-{days}", session_data="x", expire_date=NOW - days * DAY)
    act: dict[str, Any] = {"actor": PURGER, "now": NOW, "records": "sessions", "before": NOW - 31 * DAY}
    gone = purge_bite(**act, reason="Monthly work.")
    assert gone
    assert (gone.rows, gone.first_id, gone.oldest_at) == (1, 0, NOW - 40 * DAY)
    assert Session.objects.get().session_key == "key-2"
    standard = active_standard()
    found = retain_evaluate(standard.rules, standard, NOW)["keep-sessions"]
    assert [(one.status, one.subject) for one in found] == [
        ("met", ("records", "sessions")),
        ("no_data", ("", "")),
    ]


def test_what_something_points_to_is_no_breach(cast: Cast) -> None:
    posts(cast, LONG_AGO)
    message = AlertMessage.objects.get()
    ChangeReport.objects.create(
        message=message, integration=message.integration, summary="x", at=NOW, received_at=NOW
    )
    assert statuses(judged(active_standard(), NOW), "keep-posts")[0][0] == "met"


def statuses(found: dict[str, list], rule: str) -> list[tuple[str, str]]:
    return [(one.status, one.value) for one in found[rule]]


def judged(standard: Standard, now: datetime) -> dict[str, list]:
    recover = [rule for rule in standard.rules if rule.demand.form == "recover"]
    retain = [rule for rule in standard.rules if rule.demand.form == "retain"]
    return {**recover_evaluate(recover, standard, now), **retain_evaluate(retain, standard, now)}


def test_rules_are_judged_by_what_is_there(cast: Cast) -> None:
    standard = active_standard()
    found = judged(standard, NOW)
    assert statuses(found, "db-recovery") == [("no_data", "")]
    assert found["db-recovery"][0].deliverer == "the owner of Payments Db"
    assert statuses(found, "keep-posts") == [("met", "There are none yet.")]
    assert statuses(found, "keep-backups") == [("no_data", "")]
    assert statuses(found, "keep-logs") == [("no_data", "")]
    told(cast.asset, retention_until=NOW + 30 * DAY)
    logs = make_asset(cast.owner, "logs", record_class="application_logs", kept_for="13 months")
    posts(cast, LONG_AGO)
    found = judged(standard, NOW + 26 * HOUR)
    assert statuses(found, "db-recovery")[0] == ("breached", "RPO 1 d 3 h")
    assert statuses(found, "keep-posts") == [("breached", f"The oldest is of {LONG_AGO:%Y-%m-%d}.")]
    assert statuses(found, "keep-backups")[0] == ("met", "kept 30 d")
    assert statuses(found, "keep-logs") == [("met", "kept 13 months")]
    asset_edit(actor=cast.owner.actor, now=NOW, pk=logs.pk, fields={"kept_for": "30 days"})
    assert statuses(judged(standard, NOW), "keep-logs") == [("breached", "kept 30 days")]


def test_a_purge_that_was_too_early_for_the_rule_in_force_is_a_breach(cast: Cast) -> None:
    Purge.objects.create(
        records="alert_messages",
        before=NOW,
        rows=1,
        first_id=1,
        last_id=1,
        oldest_at=NOW - 30 * DAY,
        newest_at=NOW - 20 * DAY,
        digest="a" * 64,
        actor_kind="system",
        actor_id="command.purge",
        at=NOW,
    )
    found = judged(active_standard(), NOW)["keep-posts"][0]
    assert (found.status, found.records) == ("breached", (("purge", str(Purge.objects.get().pk)),))
