"""Evidence that people upload and machines push: what it shows, when that was so, until when it counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from compliance.controlling.states import EVIDENCE
from compliance.controlling.words import FRESH_FOR
from compliance.facts.controls import evidence_facts
from compliance.models import Control, EvidenceItem, EvidenceLink, EvidenceRevision
from compliance.permissions.controls import EvidenceCase
from compliance.selectors.controls import evidence_by_key
from compliance.services.controls.controls import case_of as case_of_control
from compliance.services.controls.controls import facts_of, subject_of
from compliance.services.controls.evidence_duties import renewal_follow
from compliance.services.controls.evidence_fields import clean_evidence
from compliance.services.controls.looked_up import SKEW, needed
from compliance.services.controls.telling import count, record
from opsportal.core.access import may, require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.names import clean_name
from opsportal.files.services import attachment_add

KIND = "evidence"
MAX_NOTE = 2_000
LONGEST = timedelta(days=400)
"""Evidence that nobody says more about counts for no longer than a yearly control's."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the evidence: its name as sent, and its bytes in parts."""

    name: str
    chunks: Iterable[bytes]


def evidence_add(
    *, actor: Actor, now: datetime, fields: Mapping[str, Any], upload: Upload | None = None
) -> tuple[EvidenceItem, bool]:
    """Take evidence; return its item, of which it is the newest revision, and whether the item is new.

    `fields` are those of `clean_evidence`; title, controls and `observed_at` are needed, and one of a file,
    a `url` or `data`. With a `reference` that stands already, it is the next revision of that item, unless
    it is the same content seen at the same time, which changes nothing. Without `valid_until` it counts as
    long as the most frequent of its controls says. An uploaded file is on the disk before the transaction
    begins. It counts for a control only from whoever answers for that one, by `evidence.add`.
    Raises `InvalidInput`, `Forbidden`, `TooLarge`, and `Conflict` (`withdrawn`).
    """
    cleaned = clean_evidence(fields)
    reference = cleaned.get("reference") or None
    # Before a byte of the file is kept; what stands is looked at again under its lock.
    _require_all(_standing(reference), cleaned, actor=actor, now=now)
    kept = _kept(upload)
    with write(actor=actor, now=now):
        cleaned = clean_evidence(fields)
        standing = _standing(reference, locked=True)
        _require_all(standing, cleaned, actor=actor, now=now)
        if standing is not None:
            return _revise(standing, cleaned, kept, upload, actor=actor, now=now), False
        item = EvidenceItem(
            title=cleaned["title"],
            kind=_kind_of(cleaned, kept),
            owner_id=actor.id if actor.is_user else None,
            reference=reference,
            latest=0,
            created_at=now,
            updated_at=now,
        )
        item.save()
        for control in cleaned["controls"]:
            EvidenceLink.objects.create(item=item, control=control)
        _write_revision(item, cleaned, kept, upload, actor=actor, now=now)
        return item, True


def evidence_revise(
    *,
    actor: Actor,
    now: datetime,
    key: str,
    fields: Mapping[str, Any],
    upload: Upload | None = None,
    version: int | None = None,
) -> EvidenceItem:
    """Replace evidence by a newer revision, the old one staying as it was; return the item.

    Raises as `evidence_add`, `NotFound`, `Stale`, and `IllegalMove` for what is withdrawn.
    """
    _require_all(evidence_by_key(key), clean_evidence(fields), actor=actor, now=now)
    kept = _kept(upload)
    with write(actor=actor, now=now):
        item = evidence_locked(key)
        cleaned = clean_evidence(fields)
        _require_all(item, cleaned, actor=actor, now=now)
        require_version(item, version)
        return _revise(item, cleaned, kept, upload, actor=actor, now=now)


def evidence_map(
    *,
    actor: Actor,
    now: datetime,
    key: str,
    controls: Sequence[object],
    title: object = None,
    version: int | None = None,
) -> EvidenceItem:
    """Let evidence speak for exactly these controls (their keys), and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        item = evidence_locked(key)
        named = {"controls": controls, **({"title": title} if title is not None else {})}
        cleaned = clean_evidence(named)
        _require_all(item, cleaned, actor=actor, now=now)
        require_version(item, version)
        item.state = EVIDENCE.move(item.state, "map")
        item.title = cleaned.get("title", item.title)
        _link(item, cleaned["controls"])
        _save(item, now)
        record(actor=actor, now=now, kind=KIND, key=item.key, done="mapped")
        return item


def evidence_withdraw(
    *, actor: Actor, now: datetime, key: str, reason: object, version: int | None = None
) -> EvidenceItem:
    """Let evidence count no more, with a reason; its revisions stay. Return it. Raises as `evidence_map`."""
    said = clean_text(reason, field="reason", max_length=MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said[:500]):
        item = evidence_locked(key)
        require(actor, "evidence.change", case_of(item, now))
        require_version(item, version)
        item.state = EVIDENCE.move(item.state, "withdraw")
        _save(item, now)
        renewal_follow(item, actor=actor, now=now)
        record(actor=actor, now=now, kind=KIND, key=item.key, done="withdrawn")
        return item


def evidence_locked(key: str) -> EvidenceItem:
    """Lock a piece of evidence and return it. Raises `NotFound`."""
    found = evidence_by_key(key)
    return EvidenceItem.objects.select_for_update().get(pk=found.pk)


def case_of(item: EvidenceItem, now: datetime) -> EvidenceCase:
    """Return what permissions ask of a piece of evidence at `now` (aware UTC)."""
    controls = tuple(case_of_control(control, now) for control in item.controls.select_related("team"))
    return EvidenceCase(str(item.owner_id or ""), controls)


def _require_all(
    item: EvidenceItem | None, cleaned: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    """Let write new evidence (`item` is None) or change what stands only who may, for each control."""
    standing: set[int] = set()
    if item is None:
        needed(cleaned, "title", "controls", "observed_at")
        if not cleaned["controls"]:
            raise InvalidInput.of("controls", "required", "Name at least one control that it speaks for.")
    else:
        require(actor, "evidence.change", case_of(item, now))
        standing = set(item.controls.values_list("pk", flat=True))
    for control in cleaned.get("controls", ()):
        case = case_of_control(control, now)
        if control.pk not in standing and not may(actor, "evidence.add", case):
            require(actor, "evidence.begin", now)
            raise Forbidden(
                f"{control.key} is not yours: its owner, the members of its team, administrators and tokens"
                " with compliance:write bring evidence for it. Show them what you have."
            )


def _kept(upload: Upload | None) -> store.Kept | None:
    if upload is None:
        return None
    return store.keep(upload.chunks, name=clean_name(upload.name), takes_archives=True)


def _standing(reference: str | None, *, locked: bool = False) -> EvidenceItem | None:
    if reference is None:
        return None
    rows = EvidenceItem.objects.select_for_update() if locked else EvidenceItem.objects.all()
    return rows.filter(reference=reference).first()


def _revise(
    item: EvidenceItem,
    cleaned: Mapping[str, Any],
    kept: store.Kept | None,
    upload: Upload | None,
    *,
    actor: Actor,
    now: datetime,
) -> EvidenceItem:
    if item.state == "withdrawn":
        raise Conflict(
            "This evidence was withdrawn. Bring new evidence under another name.", code="withdrawn"
        )
    needed(cleaned, "observed_at")
    newest = EvidenceRevision.objects.get(item=item, number=item.latest)
    digest = _digest_of(cleaned, kept)
    if (newest.digest, newest.observed_at) == (digest, cleaned["observed_at"]):
        return item
    if cleaned["observed_at"] < newest.observed_at:
        raise InvalidInput.of(
            "observed_at",
            "older_than_newest",
            f"Revision {newest.number} was observed later than that. Older evidence is brought on its own.",
        )
    item.state = EVIDENCE.move(item.state, "revise")
    item.title = cleaned.get("title", item.title)
    item.kind = _kind_of(cleaned, kept)
    if cleaned.get("controls"):
        _link(item, cleaned["controls"])
    _write_revision(item, cleaned, kept, upload, actor=actor, now=now)
    return item


def _kind_of(cleaned: Mapping[str, Any], kept: store.Kept | None) -> str:
    given = [
        kind
        for kind, is_there in (
            ("file", kept is not None),
            ("link", bool(cleaned.get("url"))),
            ("record", cleaned.get("data") is not None),
            ("statement", not (kept or cleaned.get("url") or cleaned.get("data") is not None)),
        )
        if is_there
    ]
    if len(given) > 1:
        raise InvalidInput.of(
            "", "several", "Send one of a file, a url or data; each is evidence of its own."
        )
    if given == ["statement"] and not cleaned.get("note"):
        raise InvalidInput.of(
            "note", "required", "Send a file, a url or data, or say in the note what is so."
        )
    return given[0]


def _digest_of(cleaned: Mapping[str, Any], kept: store.Kept | None) -> str:
    announced = str(cleaned.get("sha256") or "")
    if kept is not None:
        if announced not in ("", kept.sha256):
            raise InvalidInput.of(
                "sha256",
                "other_content",
                f"The file that arrived has the SHA-256 {kept.sha256}; announced was {announced}. It was"
                " changed or cut short on its way, or another file was chosen. Send it again.",
            )
        return kept.sha256
    if announced and not cleaned.get("url"):
        raise InvalidInput.of(
            "sha256",
            "without_file",
            "Goes with a file or a url; of data and notes the portal takes the hash.",
        )
    if announced:
        return announced
    content = {name: cleaned.get(name) for name in ("url", "data", "note")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_revision(
    item: EvidenceItem,
    cleaned: Mapping[str, Any],
    kept: store.Kept | None,
    upload: Upload | None,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Add the revision to a locked item, and do what follows from it."""
    controls = list(item.controls.select_related("team", "owner").order_by("id"))
    observed_at = cleaned["observed_at"]
    if observed_at > now + SKEW:
        raise InvalidInput.of("observed_at", "in_the_future", "Nobody has observed the future.")
    valid_until = cleaned.get("valid_until") or observed_at + _fresh_for(controls)
    if valid_until <= observed_at:
        raise InvalidInput.of("valid_until", "before_observed", "Must be later than observed_at.")
    attachment = None
    if kept is not None and upload is not None:
        attachment = attachment_add(
            actor=actor, now=now, subject_kind=KIND, subject_key=item.key, kept=kept, name=upload.name
        )
    item.latest += 1
    item.valid_until = valid_until
    revision = EvidenceRevision.objects.create(
        item=item,
        number=item.latest,
        shows=cleaned.get("shows", "works"),
        observed_at=observed_at,
        received_at=now,
        valid_until=valid_until,
        digest=_digest_of(cleaned, kept),
        attachment=attachment.pk if attachment else None,
        url=cleaned.get("url", ""),
        data=cleaned.get("data"),
        note=cleaned.get("note", ""),
        actor_kind=actor.kind.value,
        actor_id=actor.id,
    )
    _save(item, now)
    record(
        actor=actor,
        now=now,
        kind=KIND,
        key=item.key,
        done="received",
        data={
            "revision": revision.number,
            "digest": revision.digest,
            "shows": revision.shows,
            "observed_at": observed_at.isoformat(),
            "valid_until": valid_until.isoformat(),
            "controls": [control.key for control in controls],
        },
    )
    renewal_follow(item, actor=actor, now=now, was_renewed=item.latest > 1)
    for control in controls:
        count(
            actor=actor,
            now=now,
            event="control.evidenced",
            subject=subject_of(control),
            facts={**facts_of(control), **evidence_facts(kind=item.kind, shows=revision.shows)},
            owner=control.owner_id,
            record_of=(KIND, item.key),
            at=min(observed_at, now),
            summary=item.title,
            digest=revision.digest,
            valid_until=valid_until,
        )


def _fresh_for(controls: Sequence[Control]) -> timedelta:
    return min((FRESH_FOR[control.frequency] for control in controls), default=LONGEST)


def _link(item: EvidenceItem, controls: Sequence[Control]) -> None:
    if not controls:
        raise InvalidInput.of("controls", "required", "Name at least one control that it speaks for.")
    wanted = {control.pk: control for control in controls}
    for link in EvidenceLink.objects.filter(item=item):
        if wanted.pop(link.control_id, None) is None:
            link.delete()
    for control in wanted.values():
        EvidenceLink.objects.create(item=item, control=control)


def _save(item: EvidenceItem, now: datetime) -> None:
    item.version += 1
    item.updated_at = now
    item.save()
