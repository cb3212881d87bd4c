"""The lives of a policy and of a registered document. Pure."""

from opsportal.core.machine import Machine

POLICY = Machine(
    subject="policy",
    initial="draft",
    names={
        "draft": "Draft",
        "in_review": "In review",
        "approved": "Approved",
        "published": "Published",
        "retired": "Retired",
    },
    moves={
        ("draft", "edit"): "draft",
        ("draft", "submit"): "in_review",
        ("draft", "retire"): "retired",
        ("in_review", "approve"): "approved",
        ("in_review", "reject"): "draft",
        ("in_review", "withdraw"): "draft",
        ("approved", "publish"): "published",
        # A newer wording needs a newer approval.
        ("approved", "edit"): "draft",
        # What is published stays in force while a newer version is written and approved.
        ("published", "edit"): "draft",
        ("published", "review"): "published",
        ("draft", "review"): "draft",
        ("in_review", "review"): "in_review",
        ("approved", "review"): "approved",
        ("approved", "retire"): "retired",
        ("published", "retire"): "retired",
        ("retired", "reinstate"): "draft",
    },
)

DOCUMENT = Machine(
    subject="document",
    initial="registered",
    names={"registered": "Registered", "retired": "Retired"},
    moves={
        ("registered", "edit"): "registered",
        ("registered", "review"): "registered",
        ("registered", "retire"): "retired",
        ("retired", "reinstate"): "registered",
    },
)
