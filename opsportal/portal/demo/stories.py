"""Twenty changes of the demo organisation, in every state: who did what, how long ago. Data only.

Times are hours before the load; negative ones lie ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DAY = 24.0


@dataclass(frozen=True, slots=True)
class Step:
    """`who` did `verb` so many hours `ago`; `with_` is what else the verb takes."""

    ago: float
    who: str
    verb: str
    with_: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """One change: who raised it and when, what it says, and what became of it."""

    who: str
    ago: float
    type: str
    title: str
    services: tuple[str, ...]
    risk: str = "medium"
    environments: tuple[str, ...] = ("production",)
    why: str = ""
    what: str = ""
    risk_text: str = ""
    impact: str = ""
    plan: str = ""
    rollback: str = ""
    evidence: str = ""
    window: tuple[float, float] | None = None
    template: str = ""
    steps: tuple[Step, ...] = ()


def _approved(since: float, *, security: bool = False, board: float | None = None) -> tuple[Step, ...]:
    """Submission and all votes of a normal change, an hour apart, so that the last was `board` hours ago."""
    last = since - 30 if board is None else board
    return (
        Step(since, "", "submit"),
        Step(
            since - 2,
            "priya",
            "approve",
            {"comment": "Steps and checks are clear.", "stage": "technical-review"},
        ),
        *((Step(since - 4, "kwame", "approve", {"stage": "security-review"}),) if security else ()),
        Step(last + 1, "tomas", "approve", {"stage": "cab"}),
        Step(last, "ingrid", "approve", {"comment": "Fine with operations.", "stage": "cab"}),
    )


STORIES = (
    Story(
        who="elena",
        ago=3,
        type="normal",
        title="Retry card authorisations after a network error",
        services=("payments-api",),
        risk="medium",
        what="The acquirer drops one request in a thousand. Retry once, with the same idempotency key.",
        why="Some 40 customers a day see a failed payment that would have gone through.",
    ),
    Story(
        who="yuki",
        ago=30,
        type="normal",
        title="Partition the settlements table by month",
        services=("data-warehouse",),
        risk="low",
        what="Nightly figures take four hours because every query reads the whole table.",
    ),
    Story(
        who="elena",
        ago=20,
        type="normal",
        title="Show the delivery date before payment",
        services=("checkout-web",),
        risk="low",
        what="The checkout shows the expected delivery date above the pay button.",
        why="One in five support calls asks for it.",
        risk_text="The read may be slow; it has a limit of 50 ms.",
        impact="One more read for each checkout page; the page works without it when the read fails.",
        plan="1. Deploy to staging.\n2. Deploy behind the flag.\n3. Flag on for 10 %, then for all.",
        rollback="Turn the flag off.",
        evidence="Checkout suite: 214 passed on staging.",
        steps=(Step(18, "", "submit"),),
    ),
    Story(
        who="jonas",
        ago=52,
        type="normal",
        title="Rotate the signing keys of session tokens",
        services=("identity",),
        risk="medium",
        what="Sessions are signed with a key from 2023. Sign with a new one, drop the old after 14 days.",
        why="The security review of last quarter asks for keys that are younger than a year.",
        risk_text="A mistake signs everybody out.",
        impact="None while both keys are accepted. Sessions older than 14 days are signed out.",
        plan="1. Publish the new key.\n2. Sign with it.\n3. Drop the old key after 14 days.",
        rollback="Sign with the old key again; it stays published for 14 days.",
        evidence="Rehearsed on staging on Monday; both kinds of sessions were accepted.",
        window=(-30, -34),
        steps=(
            Step(50, "", "submit"),
            Step(
                46,
                "priya",
                "approve",
                {"comment": "The overlap is long enough.", "stage": "technical-review"},
            ),
            Step(
                40,
                "kwame",
                "approve",
                {"comment": "Key length and storage are fine.", "stage": "security-review"},
            ),
            Step(16, "tomas", "approve", {"stage": "cab"}),
        ),
    ),
    Story(
        who="elena",
        ago=28,
        type="normal",
        title="Move checkout images to the new image service",
        services=("checkout-web",),
        risk="medium",
        what="Product images come from the new image service, in modern formats.",
        why="Images are two thirds of what a phone loads.",
        risk_text="The new service may be slower at first, while it fills its cache.",
        impact="Pages are lighter. When the image service is away, pages show without images.",
        plan="1. Switch 10 % of sessions.\n2. Watch errors for an hour.\n3. Switch all.",
        rollback="Switch all sessions back; takes a minute.",
        evidence="Load test with 300 requests a second, no errors.",
        window=(-50, -54),
        steps=(
            Step(27, "", "submit"),
            Step(25, "priya", "approve", {"stage": "technical-review"}),
            Step(23, "kwame", "approve", {"stage": "security-review"}),
            Step(
                6, "ingrid", "ask", {"text": "What happens to orders in flight while sessions are switched?"}
            ),
            Step(
                5,
                "elena",
                "comment",
                {"text": "Nothing: only where images come from changes."},
            ),
        ),
    ),
    Story(
        who="jonas",
        ago=9 * DAY,
        type="normal",
        title="Raise the connection limit of the payments database",
        services=("payments-api",),
        risk="medium",
        what="From 200 to 400 connections; the new batch jobs use up the rest.",
        why="Twice last week new connections were refused for some seconds.",
        risk_text="Payments fail for some ten seconds during the switch-over.",
        impact="A restart of the standby, then a switch-over of some ten seconds.",
        plan="1. Change the standby, restart it.\n2. Switch over.\n3. Change the former primary.",
        rollback="Switch back and restore the limit.",
        evidence="The same change ran on staging for a week.",
        window=(-3 * DAY, -3 * DAY - 2),
        steps=(
            Step(8.5 * DAY, "", "submit"),
            Step(8.2 * DAY, "priya", "approve", {"stage": "technical-review"}),
            Step(8.0 * DAY, "kwame", "approve", {"stage": "security-review"}),
        ),
    ),
    Story(
        who="yuki",
        ago=34,
        type="normal",
        title="Keep raw settlement files for seven years",
        services=("data-warehouse",),
        risk="medium",
        what="Raw files go to the archive instead of being deleted after 90 days.",
        why="Finance must be able to show the originals.",
        risk_text="The archive may cost more than planned.",
        impact="Some 40 GB a year of archive storage.",
        plan="1. Create the archive bucket.\n2. Change the nightly job.\n3. Copy what is there.",
        rollback="Change the nightly job back.",
        evidence="Ran for three nights on staging.",
        steps=(Step(33, "", "submit"), Step(26, "priya", "approve", {"stage": "technical-review"})),
    ),
    Story(
        who="jonas",
        ago=6 * DAY,
        type="normal",
        title="Upgrade the identity service to the new runtime",
        services=("identity",),
        risk="medium",
        what="The runtime goes out of support at the end of the year.",
        why="No more security fixes after that.",
        risk_text="A library may behave differently under the new runtime.",
        impact="A rolling restart; sessions stay.",
        plan="1. One instance, watch for a day.\n2. The rest, one after the other.",
        rollback="Deploy the former image.",
        evidence="All suites pass on the new runtime; two weeks on staging.",
        window=(-4 * DAY, -4 * DAY - 3),
        steps=_approved(5.5 * DAY, security=True, board=2 * DAY),
    ),
    Story(
        who="priya",
        ago=26,
        type="standard",
        title="Renew the certificate of notifications",
        services=("notifications",),
        risk="low",
        template="certificate-renewal",
        why="It ends in twelve days.",
        steps=(Step(25, "", "submit"),),
    ),
    Story(
        who="yuki",
        ago=7 * DAY,
        type="normal",
        title="Run the nightly figures an hour earlier",
        services=("data-warehouse",),
        risk="low",
        what="Start at 01:00 instead of 02:00 UTC.",
        why="Finance in Asia begins before the figures are there.",
        risk_text="A file of the bank may not be there yet; the job then waits.",
        impact="An hour more load at a quiet time.",
        plan="Change the schedule, watch the first night.",
        rollback="Change the schedule back.",
        evidence="Ran by hand at 01:00 twice.",
        window=(-26, -28),
        steps=(*_approved(6.5 * DAY, security=True, board=3 * DAY), Step(2.5 * DAY, "", "schedule")),
    ),
    Story(
        who="elena",
        ago=5 * DAY,
        type="normal",
        title="Payments API 2.14: settle refunds on the same day",
        services=("payments-api",),
        risk="medium",
        what="Refunds that arrive before 15:00 are settled on the same day.",
        why="The contract with the largest merchant asks for it from next month.",
        risk_text="A refund may be settled twice; the bank refuses the second.",
        impact="Settlement runs twice a day; reports show two runs.",
        plan="1. Deploy 2.14.0.\n2. Watch the first run at 15:00.\n3. Compare with the bank's statement.",
        rollback="Deploy 2.13.4; refunds of the day are settled in the night run.",
        evidence="412 unit and 63 integration tests passed; replay of last month's refunds matches.",
        window=(2, -10),
        steps=(*_approved(4.5 * DAY, security=True, board=2 * DAY), Step(1.5 * DAY, "", "schedule")),
    ),
    Story(
        who="elena",
        ago=6 * DAY,
        type="normal",
        title="Checkout 5.2: new address form",
        services=("checkout-web",),
        risk="medium",
        what="One form for all countries, with address look-up.",
        why="Eight per cent of parcels go to a wrong address.",
        risk_text="Customers may not find a field that moved.",
        impact="Another look for every customer who pays.",
        plan="1. 10 % of sessions.\n2. 50 % after an hour.\n3. All.",
        rollback="Deploy 5.1.9.",
        evidence="Usability test with twelve people; suite passes.",
        window=(5, -7),
        steps=(
            *_approved(5.5 * DAY, security=True, board=3 * DAY),
            Step(2 * DAY, "", "schedule"),
            Step(
                4,
                "ci",
                "deploy",
                {"version": "5.2.0", "reports": (("started", None), ("rollout", 10), ("rollout", 50))},
            ),
        ),
    ),
    Story(
        who="jonas",
        ago=7,
        type="emergency",
        title="Block card testing from one network",
        services=("payments-api",),
        risk="high",
        what="A network tries stolen cards, some 300 a minute. Block it at the edge.",
        why="Every try costs a fee, and the acquirer threatens to cut us off.",
        risk_text="Honest customers of that network are blocked too.",
        impact="Some hundred customers of that network cannot pay for the moment.",
        plan="Add the network to the block list.",
        rollback="Take the network off the block list.",
        steps=(
            Step(6.8, "", "submit"),
            Step(6.7, "", "start"),
            Step(6, "kwame", "comment", {"text": "I see the tries stop. Keeping an eye on it."}),
        ),
    ),
    Story(
        who="priya",
        ago=10 * DAY,
        type="normal",
        title="Send mail through the second provider too",
        services=("notifications",),
        risk="medium",
        what="Mail goes through either provider, whichever answers.",
        why="An outage of the only provider held up 9,000 mails in spring.",
        risk_text="A provider may take our mails for spam.",
        impact="Mails may carry another sender address of the same domain.",
        plan="1. Configure the provider.\n2. Send 5 % through it.\n3. Half and half.",
        rollback="Weight of the second provider to zero.",
        evidence="1,000 test mails arrived, none marked as spam.",
        window=(1.4 * DAY, 1.2 * DAY),
        steps=(
            Step(9.5 * DAY, "", "submit"),
            Step(9.2 * DAY, "kwame", "approve", {"stage": "technical-review"}),
            Step(8 * DAY, "tomas", "approve", {"stage": "cab"}),
            Step(7.9 * DAY, "ingrid", "approve", {"stage": "cab"}),
            Step(5 * DAY, "", "schedule"),
            Step(1.35 * DAY, "", "start"),
            Step(1.25 * DAY, "", "complete"),
        ),
    ),
    Story(
        who="yuki",
        ago=8 * DAY,
        type="normal",
        title="Compress the history of settlements",
        services=("data-warehouse",),
        risk="medium",
        what="Settlements older than a year are stored compressed.",
        why="The disk is full in seven weeks.",
        risk_text="A month may not be readable any more; the copy is kept for 30 days.",
        impact="Old figures take a second longer.",
        plan="Compress month by month, oldest first; check the sums after each.",
        rollback="Restore the month from the copy that is kept for 30 days.",
        evidence="Two months on staging, sums equal.",
        window=(20, 14),
        steps=(
            *_approved(7.5 * DAY, security=True, board=4 * DAY),
            Step(3 * DAY, "", "schedule"),
            Step(19, "", "start"),
            Step(
                16, "", "fail", {"reason": "The sums of March differ by three rows; stopped after February."}
            ),
        ),
    ),
    Story(
        who="elena",
        ago=12 * DAY,
        type="normal",
        title="Payments API 2.13.5: shorter timeouts",
        services=("payments-api",),
        risk="medium",
        what="Give up on the acquirer after two seconds instead of ten.",
        why="Slow answers fill the connection pool.",
        risk_text="Payments that are only slow may be refused.",
        impact="Some payments are tried twice.",
        plan="Deploy 2.13.5, watch the rate of second tries.",
        rollback="Deploy 2.13.4.",
        evidence="Suite passes; load test with a slow acquirer.",
        window=(3 * DAY + 6, 3 * DAY),
        steps=(
            *_approved(11.5 * DAY, security=True, board=6 * DAY),
            Step(5 * DAY, "", "schedule"),
            Step(
                3 * DAY + 5,
                "ci",
                "deploy",
                {
                    "version": "2.13.5",
                    "reports": (("started", None), ("rollout", 10), ("rolled_back", None)),
                    "error_rate": 0.031,
                },
            ),
            Step(3 * DAY + 4, "", "fail", {"reason": "Errors rose to 3 % at the first step."}),
            Step(3 * DAY + 3.9, "", "roll_back", {"reason": "Back on 2.13.4, errors are gone."}),
        ),
    ),
    Story(
        who="elena",
        ago=25 * DAY,
        type="normal",
        title="Checkout 5.1: pay with a saved card",
        services=("checkout-web",),
        risk="medium",
        what="Customers who are signed in may pay with a card that they saved.",
        why="Asked for by a third of returning customers.",
        risk_text="A card may be shown to somebody else; tested for that.",
        impact="A new choice on the payment page.",
        plan="1. 10 % of sessions.\n2. 50 %.\n3. All.",
        rollback="Turn the flag off.",
        evidence="Suite passes; security test without findings.",
        window=(18 * DAY, 17 * DAY),
        steps=(
            *_approved(24 * DAY, security=True, board=20 * DAY),
            Step(19 * DAY, "", "schedule"),
            Step(
                17.9 * DAY,
                "ci",
                "deploy",
                {
                    "version": "5.1.0",
                    "reports": (
                        ("started", None),
                        ("rollout", 10),
                        ("rollout", 50),
                        ("rollout", 100),
                        ("verified", None),
                        ("succeeded", None),
                    ),
                },
            ),
            Step(
                15 * DAY,
                "",
                "close",
                {
                    "review": "Went as planned. One session in five pays with a saved card.",
                    "lessons_learned": "The flag made the steps easy. Do it again with the address form.",
                },
            ),
        ),
    ),
    Story(
        who="kwame",
        ago=16 * DAY,
        type="emergency",
        title="Patch the sign-in library",
        services=("identity",),
        risk="high",
        what="The library accepts some expired tokens. Take the fixed version.",
        why="The flaw is public since this morning.",
        risk_text="Leaving it open is worse than any mistake in the patch.",
        impact="A rolling restart.",
        plan="Deploy the fixed version.",
        rollback="Deploy the former version and block the affected path.",
        steps=(
            Step(15.9 * DAY, "", "submit"),
            Step(15.88 * DAY, "", "start"),
            Step(15.8 * DAY, "", "complete"),
            Step(15.5 * DAY, "tomas", "approve", {"comment": "Right to go ahead.", "stage": "emergency-cab"}),
            Step(
                14.5 * DAY,
                "",
                "close",
                {
                    "review": "Fixed two hours after the notice. No misuse in the logs of 30 days.",
                    "lessons_learned": "We learned of it by chance. Subscribe to the library's notices.",
                },
            ),
        ),
    ),
    Story(
        who="yuki",
        ago=14 * DAY,
        type="normal",
        title="Open the warehouse to the marketing tool",
        services=("data-warehouse",),
        risk="high",
        what="The marketing tool reads customer figures directly.",
        why="Marketing exports them by hand every Monday.",
        risk_text="The tool may leak what it reads.",
        impact="Another system holds a password to the warehouse.",
        plan="Create an account, open the port.",
        rollback="Close the port, drop the account.",
        evidence="Connection tried from the tool's test system.",
        window=(6 * DAY, 5 * DAY),
        steps=(
            Step(13 * DAY, "", "submit"),
            Step(12.5 * DAY, "priya", "approve", {"stage": "technical-review"}),
            Step(
                12 * DAY,
                "kwame",
                "reject",
                {
                    "comment": "Offer a view without names.",
                    "stage": "security-review",
                },
            ),
        ),
    ),
    Story(
        who="jonas",
        ago=11 * DAY,
        type="normal",
        title="Replace the load balancer of staging",
        services=("payments-api",),
        environments=("staging",),
        risk="low",
        what="The old one goes out of support.",
        why="Not needed any more: staging moves to the cluster anyway.",
        steps=(Step(9 * DAY, "", "cancel", {"reason": "Staging moves to the cluster next month."}),),
    ),
)
