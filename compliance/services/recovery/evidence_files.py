"""Files that prove a restore test or an exercise: logs, screenshots, reports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from compliance.models import Exercise, RestoreTest
from compliance.selectors.recovery import exercise_by_key, restore_test_by_key
from compliance.services.recovery.assets import case_of
from compliance.services.recovery.exercises import case_of as case_of_exercise
from compliance.services.recovery.exercises import exercise_locked
from compliance.services.recovery.fields import MAX_NOTE
from compliance.services.recovery.restore_test_records import test_locked
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.files import store
from opsportal.files.models import Attachment
from opsportal.files.names import clean_name
from opsportal.files.selectors import attachment_of
from opsportal.files.services import attachment_add, attachment_remove

KINDS = ("restore_test", "exercise")


def trial_attach(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    key: str,
    name: str,
    chunks: Iterable[bytes],
    note: object = "",
) -> Attachment:
    """Store a file and attach it to a restore test or an exercise in any state; return the attachment.

    `kind` is one of `KINDS`. The bytes are on the disk before the transaction begins, so that no upload
    holds a lock. Raises `Forbidden`, `TooLarge`, `InvalidInput` (for what is not taken), `NotFound` and
    `Conflict`.
    """
    trial = trial_by_key(kind, key)
    _require(trial, actor, now)
    kept = store.keep(chunks, name=clean_name(name))
    with write(actor=actor, now=now):
        locked = _locked(trial)
        _require(locked, actor, now)
        return attachment_add(
            actor=actor,
            now=now,
            subject_kind=kind,
            subject_key=locked.key,
            kept=kept,
            name=name,
            note=note,
        )


def trial_detach(
    *, actor: Actor, now: datetime, kind: str, key: str, attachment: UUID, reason: object
) -> Attachment:
    """Remove a file from a test or an exercise, with a reason; that it was there stays.

    Raises `InvalidInput`, `NotFound`, `Forbidden` and `IllegalMove` for one that is removed.
    """
    said = clean_text(reason, field="reason", max_length=MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said):
        locked = _locked(trial_by_key(kind, key))
        _require(locked, actor, now)
        found = attachment_of(kind, locked.key, attachment)
        return attachment_remove(
            actor=actor, now=now, subject_kind=kind, subject_key=locked.key, pk=found.pk, reason=said
        )


def trial_by_key(kind: str, key: str) -> RestoreTest | Exercise:
    """Return the restore test or exercise with this key. Raises `NotFound`."""
    if kind == "restore_test":
        return restore_test_by_key(key)
    if kind == "exercise":
        return exercise_by_key(key)
    raise NotFound("There is nothing here that files are attached to.")


def _locked(trial: RestoreTest | Exercise) -> RestoreTest | Exercise:
    return test_locked(trial.pk) if isinstance(trial, RestoreTest) else exercise_locked(trial.pk)


def _require(trial: RestoreTest | Exercise, actor: Actor, now: datetime) -> None:
    if isinstance(trial, RestoreTest):
        require(actor, "restore_test.conduct", case_of(trial.asset, now))
    else:
        require(actor, "exercise.conduct", case_of_exercise(trial, now))
