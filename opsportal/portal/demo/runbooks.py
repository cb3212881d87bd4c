"""What the demo organisation has written down for bad days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from incidents.services.runbooks.writing import runbook_create, runbook_publish
from opsportal.accounts.models import User
from opsportal.core.actor import Actor

# slug, title, kind, team, who keeps it, services, alert labels, review every so many days, text
RUNBOOKS: tuple[
    tuple[str, str, str, str, str, tuple[str, ...], tuple[dict[str, str], ...], int, str], ...
] = (
    (
        "payments-of-a-bank-fail",
        "Payments of one bank fail",
        "outage",
        "payments",
        "jonas",
        ("payments-api",),
        ({"alertname": "PaymentFailuresHigh"}, {"alertname": "RefundsStuck"}),
        90,
        """## Symptoms

- Authorisations of one acquirer fail, those of the other do not.
- The alert PaymentFailuresHigh or RefundsStuck fires.

## Immediate actions

1. Open the figures of authorisations by acquirer, and note since when one of them fails.
2. Send all traffic to the other one: `routing set --acquirer second --share 100`.
3. Watch the share of failures for five minutes; it falls below 1 %.
4. Say on the status page that payments are routed through another bank.

## Escalation

- After 15 minutes without effect: the Engineering Manager.
- After 30 minutes: the acquirer's own hotline, by phone; the number is in its page under Providers.

## Recovery

1. Look at the handshake: `openssl s_client -connect acquirer:443`; compare the chain with the bank's list.
2. When the bank has mended it, give it 5 % of the traffic for ten minutes.
3. Give it back its share, and write down how long it took.

## Automation candidate

Step 2 of the immediate actions: when one acquirer fails for two minutes and the other does not.
""",
    ),
    (
        "gateway-errors",
        "The gateway answers with errors",
        "outage",
        "platform",
        "arjun",
        ("edge-gateway",),
        ({"alertname": "GatewayErrorsHigh"},),
        120,
        """## Symptoms

- More than 5 % of all requests end with an error of the gateway itself.

## Immediate actions

1. Compare the errors of each machine of the pool.
2. Take a machine out that differs from the others: `pool drain MACHINE`.
3. Where all of them fail alike, take the last release back.

## Escalation

- After 15 minutes: the Engineering Manager.

## Recovery

1. Start the machine from the present image, never from an old one.
2. Check its certificates before it joins: `pool check MACHINE`.
3. Put it back, and watch it for half an hour.

## Automation candidate

Taking out the one machine that differs.
""",
    ),
    (
        "monthly-patching",
        "Monthly patching of the machines",
        "patching",
        "operations",
        "omar",
        ("build-runners",),
        (),
        30,
        """## Symptoms

- It is the second Tuesday of the month.

## Immediate actions

1. Read what the patches mend, and pick those that cannot wait.
2. Patch the machines of staging, and let them run for a night.
3. Patch one machine of production; watch it for half an hour.
4. Patch the rest, one by one.

## Escalation

- A machine that does not come back within ten minutes: operations on call.

## Recovery

1. Start the machine from its former image.

## Automation candidate

All of it but the reading.
""",
    ),
)


def load_runbooks(users: Mapping[str, User], *, now: datetime) -> None:
    """Write and publish the runbooks; people, teams and services must exist. `now` is aware UTC."""
    for slug, title, kind, team, keeper, services, alerts, every, text in RUNBOOKS:
        fields = {
            "title": title,
            "kind": kind,
            "team": team,
            "services": list(services),
            "alerts": list(alerts),
            "review_every_days": every,
            "text": text,
        }
        actor = Actor.user(users[keeper].pk)
        runbook_create(actor=actor, now=now, slug=slug, fields=fields)
        runbook_publish(actor=actor, now=now, slug=slug)
