"""How states look: a tone for each word. The word itself is always shown, so colour never stands alone."""

from __future__ import annotations

TONES: dict[str, str] = {
    # changes
    "draft": "neutral",
    "in_review": "waiting",
    "approved": "good",
    "scheduled": "info",
    "implementing": "active",
    "implemented": "good",
    "failed": "bad",
    "rolled_back": "bad",
    "closed": "done",
    "rejected": "bad",
    "cancelled": "done",
    "retired": "done",
    # alerts and where they come from
    "firing": "bad",
    "suppressed": "waiting",
    "kept": "done",
    "up": "good",
    "down": "bad",
    # approvals and votes
    "waiting": "neutral",
    "approve": "good",
    "reject": "bad",
    "abstain": "neutral",
    # deployments and the gate
    "registered": "neutral",
    "deploying": "active",
    "verified": "info",
    "succeeded": "good",
    "allowed": "good",
    "pending": "waiting",
    "blocked": "bad",
    "expired": "done",
    "withdrawn": "done",
    "continue": "good",
    "hold": "waiting",
    "roll_back": "bad",
    "refused": "bad",
    # break-glass
    "asked": "waiting",
    "in_force": "bad",
    "ended": "done",
    "revoked": "done",
    # obligations and deliveries
    "open": "waiting",
    "breached": "bad",
    "met": "good",
    "no_data": "neutral",
    "not_met": "bad",
    "not_verifiable": "neutral",
    "compensated": "waiting",
    "requested": "waiting",
    "standing": "good",
    "void": "done",
    "waived": "done",
    "dead": "bad",
    "sent": "good",
    "delivered": "good",
    # pages, ways to be reached, channel targets
    "paging": "waiting",
    "stopped": "done",
    "superseded": "done",
    "unverified": "waiting",
    "try_again": "waiting",
    "channel_away": "bad",
    "lost": "bad",
    # incidents and their tasks
    "triggered": "bad",
    "acknowledged": "info",
    "mitigated": "waiting",
    "resolved": "good",
    "merged": "done",
    "done": "good",
    "dropped": "done",
    # freezes and feeds
    "set": "info",
    "lifted": "done",
    # checks of a pipeline
    "passed": "good",
    "skipped": "neutral",
    "running": "active",
    # what governance keeps
    "undecided": "waiting",
    "confirmed": "good",
    "completed": "good",
    "signed": "good",
    "held": "good",
    "fixed": "info",
    "accepted": "waiting",
    "false_positive": "done",
    "received": "waiting",
    "identified": "info",
    "answered": "good",
    "joiner": "info",
    "mover": "neutral",
    "leaver": "waiting",
    # types, risks, tiers, classes
    "emergency": "bad",
    "normal": "info",
    "standard": "neutral",
    "high": "bad",
    "medium": "waiting",
    "low": "good",
    "critical": "bad",
    "core": "info",
    "supporting": "neutral",
    "restricted": "bad",
    "confidential": "waiting",
    "internal": "neutral",
    "public": "neutral",
    "production": "active",
    "active": "good",
    "disabled": "done",
    "stop": "bad",
    "proceed": "waiting",
}


def tone_of(word: object) -> str:
    """Return the tone for a state's word; `neutral` for one that no list names."""
    return TONES.get(str(word).lower(), "neutral")


def words_of(word: object) -> str:
    """Return a state's word as people read it: `rolled_back` -> "Rolled back"."""
    text = str(word).replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]
