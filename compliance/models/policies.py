"""Policies, their versions, who signed which; and the register of documents."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.policing.states import DOCUMENT, POLICY
from compliance.policing.words import AUDIENCES, DOCUMENT_KINDS, POLICY_KINDS, REVIEWS
from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly
from opsportal.catalog.models import Service
from opsportal.core.keys import format_key

POLICY_PREFIX, DOCUMENT_PREFIX = "POL", "DOC"


class Policy(models.Model):
    """A policy. What it says stands in its versions; `published` is the number of the one in force.

    `latest` is the newest version, which may be a draft while the published one goes on. `content_hash` is
    that of the newest version: what an approval binds. `submissions` counts the rounds of approval.
    """

    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=POLICY_KINDS)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_policies"
    )
    audience_kind = models.CharField(max_length=9, choices=AUDIENCES, default="everybody")
    audience_key = models.CharField(max_length=60, blank=True, default="")
    attest_within_days = models.PositiveSmallIntegerField(default=14)
    review_every = models.CharField(max_length=9, choices=REVIEWS, default="year")
    state = models.CharField(max_length=9, choices=POLICY.choices, default=POLICY.initial, editable=False)
    latest = models.PositiveIntegerField(default=1, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    submissions = models.PositiveIntegerField(default=0, editable=False)
    standard_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    published = models.PositiveIntegerField(null=True, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    reviewed_at = models.DateTimeField(null=True, editable=False)
    review_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        verbose_name_plural = "policies"
        constraints = [
            POLICY.constraint("policy_state_known"),
            models.CheckConstraint(
                name="policy_published_has_a_version", condition=~Q(state="published") | Q(published__gt=0)
            ),
            models.CheckConstraint(
                name="policy_audience_named",
                condition=Q(audience_kind__in=["everybody", "nobody"], audience_key="")
                | Q(audience_kind__in=["team", "role"], audience_key__gt=""),
            ),
        ]
        indexes = [
            models.Index(fields=["title", "id"], name="policy_title"),
            models.Index(fields=["updated_at", "id"], name="policy_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(POLICY_PREFIX, self.pk)

    @property
    def is_in_force(self) -> bool:
        """Whether a version of it holds now."""
        return self.published is not None and self.state != "retired"


class PolicyVersion(AppendOnly):
    """What a policy said from one edit to the next. Its author stands by value, as in the audit trail."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True, default="")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.policy_id} version {self.number}"


class PolicyPublication(AppendOnly):
    """From when on a version of a policy was in force, and which round of approval stands behind it."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="publications")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    approval = models.PositiveBigIntegerField()
    published_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["policy", "-id"], name="policy_publication_of")]

    def __str__(self) -> str:
        return f"{self.policy_id} version {self.number} in force"


class Attestation(AppendOnly):
    """One person says that they have read one exact version of a policy and will keep to it."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="attestations")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "number", "person"], name="policy_attestation_once")
        ]
        indexes = [models.Index(fields=["person", "-id"], name="policy_attestation_person")]

    def __str__(self) -> str:
        return f"{self.policy_id} version {self.number} signed"


class Document(models.Model):
    """A document in the register: at an address, or stored here (`attachment`), for one service or all."""

    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=DOCUMENT_KINDS)
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="documents"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_documents"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="documents")
    url = models.TextField(blank=True, default="")
    attachment = models.UUIDField(null=True, blank=True, editable=False)
    review_every = models.CharField(max_length=9, choices=REVIEWS, default="year")
    state = models.CharField(
        max_length=10, choices=DOCUMENT.choices, default=DOCUMENT.initial, editable=False
    )
    reviewed_at = models.DateTimeField(null=True, editable=False)
    review_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            DOCUMENT.constraint("document_state_known"),
        ]
        indexes = [
            models.Index(fields=["title", "id"], name="document_title"),
            models.Index(fields=["updated_at", "id"], name="document_updated"),
            models.Index(fields=["kind", "service"], name="document_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(DOCUMENT_PREFIX, self.pk)


class DocumentLink(models.Model):
    """Whether the address of a document answers. Found out by a tick, again each day."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", "Not looked at yet"
        FINE = "fine", "Answers"
        BROKEN = "broken", "Broken"
        CLOSED = "closed", "Cannot be seen from here"

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="link")
    url = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.UNKNOWN)
    detail = models.CharField(max_length=200, blank=True, default="")
    failures = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="document_link_state_known",
                condition=Q(state__in=["unknown", "fine", "broken", "closed"]),
            )
        ]
        indexes = [models.Index(fields=["next_at", "id"], name="document_link_due")]

    def __str__(self) -> str:
        return self.url
