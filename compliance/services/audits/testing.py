"""Tests of controls, and the working notes of those who make them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.auditing.states import TAKEN_IN
from compliance.auditing.tables import TEST_KINDS, TEST_RESULTS
from compliance.models import Audit, Control, ControlTest, TestedControl, WorkingNote
from compliance.services.audits import cleaning
from compliance.services.audits.cleaning import cleaned
from compliance.services.audits.scene import audit_locked, case_of, record, require_under_way, step
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MOST_CONTROLS = 6
"""More than that, and one result says nothing of any of them."""
_MISSING = {
    "control": "Choose controls, or name what is not in the catalogue.",
    "title": "This is needed.",
}
_TEST: dict[str, cleaning.Cleaner] = {
    "controls": cleaning.controls("controls", MOST_CONTROLS),
    "control": cleaning.line("control", 80),
    "title": cleaning.line("title", 300),
    "kind": cleaning.word("kind", TEST_KINDS),
    "procedure": cleaning.text("procedure"),
}
_RESULT: dict[str, cleaning.Cleaner] = {
    "result": cleaning.word("result", TEST_RESULTS),
    "work": cleaning.text("work"),
}


def control_test_plan(*, actor: Actor, now: datetime, audit: int, fields: Mapping[str, Any]) -> ControlTest:
    """Plan a test of `controls` (keys of the catalogue, six at most), or of what `control` names; return it.

    `kind` is design or operating, `procedure` the work planned; `title` what is demanded, that of the first
    control where it is left out. Raises `InvalidInput` (also where the control is tested for this already),
    `NotFound`, `Forbidden` and `Conflict` once the audit is over.
    """
    values = cleaned(fields, _TEST, ("kind",))
    controls: list[Control] = values.pop("controls", [])
    if controls:
        values["control"] = ", ".join(control.key for control in controls)
        values["title"] = values.get("title") or controls[0].title
    missing = [name for name in ("control", "title") if not values.get(name)]
    if missing:
        words = {
            "control": "Choose controls, or name what is not in the catalogue.",
            "title": "This is needed.",
        }
        raise InvalidInput(FieldError(f"/{name}", "required", words[name]) for name in missing)
    with write(actor=actor, now=now):
        about = audit_locked(audit, actor=actor)
        require(actor, "audit.work", case_of(about))
        require_under_way(about, *TAKEN_IN["test"])
        if about.tests.filter(control=values["control"], kind=values["kind"]).exists():
            raise InvalidInput.of(
                "control", "taken", "This control is tested for that in this audit already."
            )
        row = ControlTest(audit=about, updated_at=now, **values)
        row.save(force_insert=True)
        for control in controls:
            TestedControl(test=row, control=control).save(force_insert=True)
        _record(row, "planned", actor=actor, now=now)
        return row


def control_test_record(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> ControlTest:
    """Record `result` (met, not_met, not_verifiable) and the `work` done, and return the test.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `Conflict` outside of fieldwork.
    """
    values = cleaned(fields, _RESULT, ("result", "work"))
    with write(actor=actor, now=now):
        row = _locked(pk, actor=actor)
        require(actor, "audit.work", case_of(row.audit))
        require_version(row, version)
        require_under_way(row.audit, *TAKEN_IN["result"])
        row.result, row.work = values["result"], values["work"]
        row.tested_by_id, row.tested_at = UUID(actor.id), now
        step(row, now)
        _record(row, "recorded", actor=actor, now=now)
        return row


def note_write(*, actor: Actor, now: datetime, audit: int, text: object, about: object = "") -> WorkingNote:
    """Write down something for the audit's team alone, and return the note. It is never changed.

    `about` names one thing of it (`FND-3`, `CHG-1042`). Raises `InvalidInput`, `NotFound`, `Forbidden`.
    """
    said = clean_text(text, field="text", max_length=cleaning.MAX_TEXT, required=True)
    named = clean_text(about, field="about", max_length=100, lines=False)
    with write(actor=actor, now=now):
        found = audit_locked(audit, actor=actor)
        require(actor, "audit.work", case_of(found))
        row = WorkingNote(audit=found, about=named, text=said, author_id=UUID(actor.id), written_at=now)
        row.save(force_insert=True)
        # The trail is read by auditees too: it says that there is a note, and nothing of it.
        record("working_note", found.key, "written", actor=actor, now=now, data={"audit": found.pk})
        return row


def _locked(pk: int, *, actor: Actor) -> ControlTest:
    found = ControlTest.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such test.")
    about: Audit = audit_locked(found.audit_id, actor=actor)
    row = ControlTest.objects.select_for_update(of=("self",)).get(pk=pk)
    row.audit = about
    return row


def _record(row: ControlTest, event: str, *, actor: Actor, now: datetime) -> None:
    data = {"audit": row.audit_id, "test": row.pk, "control": row.control, "kind": row.kind}
    record("control_test", row.audit.key, event, actor=actor, now=now, data={**data, "result": row.result})
