"""Plays the outages of the demo, from the alarm to the report; and what is going on as it is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from incidents.ingest.alertmanager import parse
from incidents.models import Alert, Incident, Integration
from incidents.services.alerts.ingesting import alerts_ingest
from incidents.services.alerts.integrations import integration_create
from incidents.services.alerts.routing import alerts_route
from incidents.services.learning.actions import action_move, action_open
from incidents.services.learning.postmortems import (
    postmortem_edit,
    postmortem_publish,
    postmortem_start,
    postmortem_submit,
)
from incidents.services.response.declaring import incident_declare
from incidents.services.response.moving import incident_acknowledge, incident_mitigate, incident_resolve
from incidents.services.response.working import (
    incident_assess,
    incident_note,
    incident_update,
)
from incidents.services.statuspage import component_create
from incidents.services.statuspage.publishing import notice_follow
from opsportal.core.actor import Actor
from opsportal.portal.demo.outages import Outage, outages
from opsportal.portal.demo.stage import Stage

MONITOR = Actor.system("demo")
SENDER = Actor.system("integration.alertmanager")
INTEGRATION = "alertmanager"
MINUTE = timedelta(minutes=1)
DONE_AFTER = 12 * 24 * 60
"""Minutes after its end until what an outage has taught is done."""
Act = Callable[[datetime], None]

# slug, name, what it is for the public, group, service
COMPONENTS = (
    ("paying", "Paying", "Cards, refunds and receipts.", "Shop", "payments-api"),
    ("ordering", "Ordering", "The basket and your orders.", "Shop", "orders-api"),
    ("checkout", "Checkout", "Where you pay.", "Shop", "checkout-web"),
    ("searching", "Search", "Finding products.", "Shop", "search-api"),
    ("apps", "Phone apps", "The shop on your phone.", "Shop", "mobile-api"),
    ("sign-in", "Signing in", "Your account, everywhere.", "Account", "identity"),
    ("network", "Network", "The way to all of it.", "Account", "edge-gateway"),
)


def load_components(*, actor: Actor, now: datetime) -> None:
    """Put the parts of the offer on the status page; their services must exist."""
    for position, (slug, name, description, group, service) in enumerate(COMPONENTS):
        component_create(
            actor=actor,
            now=now,
            slug=slug,
            name=name,
            description=description,
            group=group,
            position=position,
            service=service,
        )


def incident_moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Act]]:
    """Yield everything that happens to incidents, in no order: when (aware UTC), and what to do then."""
    for at, outage in outages(now):
        yield from (moment for moment in _Played(stage, outage, at).moments() if moment[0] < now)
    yield from _going_on(stage, now)


class _Played:
    """One outage on its way; its incident is known once it has been declared."""

    def __init__(self, stage: Stage, outage: Outage, at: datetime) -> None:
        self._stage = stage
        self._outage = outage
        self._at = at
        self._pk = self._postmortem = self._action = 0

    def moments(self) -> Iterator[tuple[datetime, Act]]:
        outage = self._outage
        yield self._after(0.5), self._declare
        yield self._after(outage.taken), self._take
        yield self._after(outage.taken + 4), self._assess
        told = outage.taken + 6
        for number, text in enumerate(outage.notes):
            yield self._after(told + number * (outage.over - told) / 4), partial(self._note, text)
        for number, text in enumerate(outage.public):
            # The public hears that it is mended before it is over: what comes later would open it again.
            yield self._after(min(told + 2 + number * 28, outage.over - 1)), partial(self._tell, text)
        for minutes in range(outage.taken + 15, outage.stopped, 15):
            yield self._after(minutes), self._update
        yield self._after(outage.stopped), self._stop
        if outage.over > outage.stopped:
            yield self._after(outage.over), self._end
        if outage.report:
            yield self._after(outage.over + 20 * 60), self._report
            yield self._after(outage.over + 44 * 60), self._publish
            yield self._after(outage.over + DONE_AFTER), self._done

    def _after(self, minutes: float) -> datetime:
        return self._at + minutes * MINUTE

    @property
    def _who(self) -> Actor:
        return self._stage.person(self._outage.who)

    def _declare(self, at: datetime) -> None:
        outage = self._outage
        if outage.alarm:
            self._pk = alarm(
                outage.alarm, outage.service, outage.severity, outage.title, outage.summary, at=at
            )
            return
        incident = incident_declare(
            actor=self._who,
            now=at,
            title=outage.title,
            summary=outage.summary,
            severity=outage.severity,
            services=[outage.service],
            detected_at=self._at,
            detected_by=outage.found_by,
        )
        self._pk = incident.pk

    def _take(self, at: datetime) -> None:
        incident_acknowledge(actor=self._who, now=at, pk=self._pk)

    def _assess(self, at: datetime) -> None:
        facing = self._outage.severity in ("sev1", "sev2")
        incident_assess(
            actor=self._who, now=at, pk=self._pk, text=self._outage.summary, customer_facing=facing
        )

    def _note(self, text: str, at: datetime) -> None:
        incident_note(actor=self._who, now=at, pk=self._pk, text=text)

    def _tell(self, text: str, at: datetime) -> None:
        incident_update(actor=self._who, now=at, pk=self._pk, kind="status_page", text=text)

    def _update(self, at: datetime) -> None:
        incident_update(actor=self._who, now=at, pk=self._pk, text="We are still at it; nothing new yet.")

    def _stop(self, at: datetime) -> None:
        if self._outage.over == self._outage.stopped:
            self._end(at)
        else:
            incident_mitigate(actor=self._who, now=at, pk=self._pk, text="The harm has stopped.")

    def _end(self, at: datetime) -> None:
        incident_resolve(actor=self._who, now=at, pk=self._pk, text=self._outage.resolution)
        notice_follow(actor=MONITOR, now=at, key=Incident.objects.get(pk=self._pk).key, event="resolved")

        if self._outage.alarm:
            all_clear(self._outage.alarm, self._outage.service, self._at + MINUTE / 2, at=at)

    def _report(self, at: datetime) -> None:
        """Write the postmortem, with one thing to do, and hand it in: that is the report on the incident."""
        outage, key = self._outage, Incident.objects.get(pk=self._pk).key
        begun = postmortem_start(actor=self._who, now=at, incident=key)
        texts = {
            "summary": outage.summary,
            "root_cause": outage.cause,
            "process_failures": "Nothing of what we watch told us before it happened.",
            "lessons_learned": outage.resolution,
            "documentation_updates": "The runbook says now what we did this time.",
            "cause": outage.category,
        }
        self._postmortem = postmortem_edit(actor=self._who, now=at, pk=begun.pk, fields=texts).pk
        item = {"title": outage.action, "owner": self._who.id, "priority": "high"}
        self._action = action_open(actor=self._who, now=at, postmortem=f"PM-{begun.pk}", fields=item).pk
        postmortem_submit(actor=self._who, now=at, pk=begun.pk)

    def _publish(self, at: datetime) -> None:
        postmortem_publish(actor=self._stage.person("tomas"), now=at, pk=self._postmortem)

    def _done(self, at: datetime) -> None:
        for verb, who in (
            ("start", self._who),
            ("finish", self._who),
            ("verify", self._stage.person("tomas")),
        ):
            action_move(actor=who, now=at, pk=self._action, verb=verb, text="Done, and looked at.")


def load_integration(*, actor: Actor, now: datetime) -> None:
    """Let an Alertmanager send here; its token is thrown away."""
    fields = {"name": "Alertmanager of production", "team": "operations"}
    integration_create(actor=actor, now=now, slug=INTEGRATION, kind="alertmanager", fields=fields)


def alarm(name: str, service: str, severity: str, title: str, summary: str, *, at: datetime) -> int:
    """Let an alert fire, as Alertmanager sends it, and return the number of the incident that it opened."""
    annotations = {"summary": title, "description": summary}
    _send(name, service, severity, annotations, starts_at=at - _noticed_after(name), ends_at=None, at=at)
    alert = Alert.objects.filter(labels__alertname=name, state="firing").latest("pk")
    if alert.incident_id is None:
        raise ValueError(f"{name} opened no incident")
    return alert.incident_id


def all_clear(name: str, service: str, since: datetime, *, at: datetime) -> None:
    """Let the alert end that arrived at `since`."""
    _send(name, service, "", {}, starts_at=since - _noticed_after(name), ends_at=at, at=at)


def _noticed_after(name: str) -> timedelta:
    """Return how long a trouble lasts before its alarm arrives: a minute or two, and the same each time."""
    return timedelta(seconds=5 * len(name))


def _send(
    name: str,
    service: str,
    severity: str,
    annotations: dict[str, str],
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    at: datetime,
) -> None:
    labels = {"alertname": name, "service": service}
    alert = {
        "status": "resolved" if ends_at else "firing",
        "labels": labels | ({"severity": severity} if severity else {}),
        "annotations": annotations,
        "startsAt": starts_at.isoformat(),
        "endsAt": ends_at.isoformat() if ends_at else "0001-01-01T00:00:00Z",
        "generatorURL": f"https://metrics.demo.example/graph?alert={name}",
        "fingerprint": hashlib.sha256(name.encode()).hexdigest()[:16],
    }
    body = {"version": "4", "groupKey": name, "status": alert["status"], "receiver": "portal"}
    body |= {"groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": ""}
    document = {**body, "alerts": [alert]}
    parsed = parse(document, json.dumps(document).encode())
    integration = Integration.objects.get(slug=INTEGRATION)
    alerts_ingest(actor=SENDER, now=at, integration=integration, parsed=parsed)
    alerts_route(clock=lambda: at)


def _going_on(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Act]]:
    """Yield what is not over yet: one that is worked on, one minutes old, and one that few may see."""
    opened: dict[str, int] = {}

    def declare(name: str, who: str, at: datetime, **fields: object) -> None:
        actor = stage.person(who) if who else MONITOR
        opened[name] = incident_declare(actor=actor, now=at, **fields).pk  # type: ignore[arg-type]

    slow = {
        "title": "Orders take ten seconds",
        "summary": "p95 of 9.8 s since the afternoon; some customers press twice.",
        "severity": "sev2",
        "services": ["orders-api"],
        "detected_by": "monitor",
    }
    yield now - 52 * MINUTE, partial(_call, declare, "slow", "", slow)
    yield now - 49 * MINUTE, lambda at: _take(stage, "elena", opened["slow"], at)
    for ago, kind, text in (
        (44, "internal", "The queries wait for one table."),
        (38, "status_page", "Ordering is slow. We are looking into it."),
        (21, "internal", "An index is being built; ten minutes more."),
    ):
        yield now - ago * MINUTE, partial(_tell, stage, opened, kind, text)
    disk = {
        "title": "The disk of a warehouse machine is 91 % full",
        "severity": "sev4",
        "services": ["data-warehouse"],
        "detected_by": "monitor",
    }
    yield now - 4 * MINUTE, partial(_call, declare, "disk", "", disk)
    leak = {
        "title": "A password of the back office was posted in a public forum",
        "summary": "Found by the weekly search; the account is blocked.",
        "severity": "sev2",
        "services": ["back-office"],
        "security": True,
        "visibility": "restricted",
    }
    yield now - 26 * 60 * MINUTE, partial(_call, declare, "leak", "kwame", leak)
    yield now - (26 * 60 - 3) * MINUTE, lambda at: _take(stage, "kwame", opened["leak"], at)


def _call(
    declare: Callable[..., None], name: str, who: str, fields: Mapping[str, object], at: datetime
) -> None:
    declare(name, who, at, **fields)


def _take(stage: Stage, who: str, pk: int, at: datetime) -> None:
    incident_acknowledge(actor=stage.person(who), now=at, pk=pk)


def _tell(stage: Stage, opened: dict[str, int], kind: str, text: str, at: datetime) -> None:
    incident_update(actor=stage.person("elena"), now=at, pk=opened["slow"], kind=kind, text=text)
