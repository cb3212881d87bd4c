"""Policies of the demo organisation, signed by some, and its register of documents with one broken link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from compliance.models import DocumentLink, Policy, PolicyVersion
from compliance.services.controls.evidence import Upload
from compliance.services.policies.approval import policy_vote
from compliance.services.policies.documents import document_register, document_review
from compliance.services.policies.link_check import link_keep
from compliance.services.policies.policies import policy_create, policy_edit, policy_publish, policy_submit
from compliance.services.policies.signatures import policy_attest
from incidents.services.runbooks.link_check import Seen
from opsportal.approvals.outcome import Decision
from opsportal.portal.demo.stage import Stage

DAY = timedelta(days=1)
ALL = ("elena", "jonas", "priya", "tomas", "ingrid", "kwame", "yuki", "sam", "lucia", "mei", "daniel", "omar")

# title, kind, owner, audience, review, text, days ago that it was put in force, who has signed it
POLICIES: tuple[tuple[str, str, str, str, str, str, int, tuple[str, ...]], ...] = (
    (
        "Information security",
        "security",
        "grace",
        "everybody",
        "year",
        """Everybody who works here keeps what customers trust us with safe.

1. Lock your screen when you leave it.
2. Use the password manager, and a second factor wherever there is one.
3. Tell the security team at once when something looks wrong. Nobody is blamed for asking.
4. Give access to those who need it, for as long as they need it.""",
        80,
        ALL,
    ),
    (
        "Privacy",
        "privacy",
        "grace",
        "everybody",
        "year",
        """We hold what we need of people, tell them what we do with it, and let go of it in time.

1. Before you collect anything new of people, ask the Data Protection Board.
2. A person who asks what we hold is answered within a month.
3. A breach is told to the board within an hour of being seen.""",
        12,
        ("elena", "priya", "ingrid", "sam", "omar"),
    ),
    (
        "Acceptable use",
        "acceptable_use",
        "henrik",
        "team:operations",
        "year",
        """Our machines are there for our work.

1. Nothing is installed on production machines by hand.
2. Accounts of others are never used, not even with their leave.""",
        60,
        ("omar",),
    ),
    (
        "How long data is kept",
        "data_retention",
        "grace",
        "nobody",
        "half-year",
        """Records are kept as long as law and contract want, and no longer.

- Invoices and payments: ten years.
- The audit trail: seven years.
- Accounts without orders: six years after the last one.
- Logs: ninety days.""",
        70,
        (),
    ),
)

# title, kind, service, owner, review, days ago that it was registered
DOCUMENTS: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("Architecture of payments", "architecture", "payments-api", "elena", "quarter", 75),
    ("Architecture of sign-in", "architecture", "identity", "ingrid", "quarter", 74),
    ("Architecture of the edge", "architecture", "edge-gateway", "ingrid", "half-year", 73),
    ("API of payments", "api", "payments-api", "elena", "quarter", 70),
    ("API of orders", "api", "orders-api", "lucia", "half-year", 69),
    ("Data model of the ledger", "schema", "ledger", "jonas", "year", 66),
    ("How data flows to the warehouse", "diagram", "data-warehouse", "lucia", "half-year", 61),
    ("Guide for new engineers", "guide", "", "priya", "half-year", 58),
    ("Guide for the support desk", "guide", "back-office", "henrik", "year", 55),
    ("How we decide on suppliers", "procedure", "", "grace", "year", 50),
    ("Why events, not nightly files", "decision", "data-warehouse", "lucia", "year", 44),
)
FOUND = ("How to report something suspicious", "https://wiki.demo.example/security/report")
BROKEN = ("Network plan of the old data centre", "https://wiki.demo.example/network/old-data-centre")


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield what happens to policies and documents."""
    for title, kind, owner, audience, review, text, ago, signers in POLICIES:
        fields = {
            "title": title,
            "kind": kind,
            "owner": stage.person(owner).id,
            "audience": audience,
            "review_every": review,
            "text": text,
        }
        yield now - ago * DAY - timedelta(hours=30), partial(_policy, stage, fields)
        for number, signer in enumerate(signers, 1):
            yield now - ago * DAY + timedelta(hours=number * 5), partial(_sign, stage, title, signer)
    yield now - 2 * DAY, partial(_redraft, stage)
    for row in DOCUMENTS:
        yield now - row[5] * DAY, partial(_document, stage, row)
    yield now - 40 * DAY, partial(_broken, stage, now)


def _policy(stage: Stage, fields: dict[str, str], at: datetime) -> None:
    """Draft, submit, approve by two members of the board, and put in force a day later."""
    author = stage.person("sam")
    policy = policy_create(actor=author, now=at, fields=fields)
    policy_submit(actor=author, now=at + timedelta(hours=1), key=policy.key)
    for hours, voter in ((9, "tomas"), (22, "ingrid")):
        policy_vote(
            actor=stage.person(voter),
            now=at + timedelta(hours=hours),
            key=policy.key,
            decision=Decision.APPROVE,
            content_hash=policy.content_hash,
        )
    policy_publish(actor=author, now=at + timedelta(hours=29), key=policy.key)


def _sign(stage: Stage, title: str, handle: str, at: datetime) -> None:
    policy = Policy.objects.get(title=title)
    version = PolicyVersion.objects.get(policy=policy, number=policy.published or 0)
    policy_attest(
        actor=stage.person(handle),
        now=at,
        key=policy.key,
        number=version.number,
        content_hash=version.content_hash,
    )


def _redraft(stage: Stage, at: datetime) -> None:
    """Submit a newer version of one policy, which waits for votes."""
    policy = Policy.objects.get(title="Acceptable use")
    author = stage.person("sam")
    before = PolicyVersion.objects.get(policy=policy, number=1).text
    text = f"{before}\n3. Assistants that learn get no data of customers."
    fields = {"text": text, "note": "A line on assistants that learn"}
    policy_edit(actor=author, now=at, key=policy.key, fields=fields)
    policy_submit(actor=author, now=at, key=policy.key)


def _document(stage: Stage, row: tuple[str, str, str, str, str, int], at: datetime) -> None:
    title, kind, service, owner, review, _ = row
    fields = {
        "title": title,
        "kind": kind,
        "service": service,
        "owner": stage.person(owner).id,
        "review_every": review,
        "reviewed_at": at,
    }
    content = f"# {title}\n\nKept with the portal, so that it is there when the wiki is not.\n".encode()
    upload = Upload(f"{title}.md", [content])
    # What holds for all services is taken in by an administrator, who says whose it is.
    document = document_register(actor=stage.person("sam"), now=at, fields=fields, upload=upload)
    if review == "quarter":
        later = at + 42 * DAY
        document_review(actor=stage.person(owner), now=later, key=document.key, note="Still so.")


def _broken(stage: Stage, now: datetime, at: datetime) -> None:
    title, url = BROKEN
    fields = {
        "title": title,
        "kind": "diagram",
        "url": url,
        "owner": stage.person("kwame").id,
        "reviewed_at": at,
    }
    document = document_register(actor=stage.person("sam"), now=at, fields=fields)
    link_keep(DocumentLink.objects.get(document=document), Seen("broken", "HTTP 404"), now)
    title, url = FOUND
    fields = {
        "title": title,
        "kind": "guide",
        "url": url,
        "owner": stage.person("hana").id,
        "reviewed_at": at,
    }
    document = document_register(actor=stage.person("sam"), now=at, fields=fields)
    link_keep(DocumentLink.objects.get(document=document), Seen("fine", ""), now)
