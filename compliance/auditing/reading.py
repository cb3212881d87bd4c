"""What an external auditor looked at, in words: from the name of the page and what stood in its URL. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from opsportal.core.keys import parse_key

REFUSED = "refused "
"""What stands before the name of a page that was asked for and not shown."""
KINDS = {
    "audit": "Audit",
    "auditmember": "Member of the team",
    "auditreport": "Report",
    "controltest": "Test of a control",
    "correctiveaction": "Corrective action",
    "evidencerequest": "Evidence request",
    "finding": "Finding",
    "population": "Population",
    "sample": "Sample",
    "sampleitem": "Item of a sample",
}
_LISTS = {
    "audit": "audits",
    "auditmember": "members of teams",
    "auditreport": "reports",
    "controltest": "tests of controls",
    "correctiveaction": "corrective actions",
    "evidencerequest": "evidence requests",
    "finding": "findings",
    "population": "populations",
    "sample": "samples",
    "sampleitem": "items of samples",
}
_VIEWS = {
    "change": "Page",
    "history": "History",
    "simple_history": "Old version",
    "work": "Page",
    "report": "Report",
    "without_change": "Deployments without a change",
    "sample": "Page",
    "keys": "Frozen list",
    "file": "Complete file",
}
_PLACES = {"admin:index": "First page", "admin:app_list": "First page", "admin:autocomplete": "Suggestions"}
_ADMIN = "admin:compliance_"
_PREFIXES = {"AUD": "audit", "CAP": "correctiveaction", "ERQ": "evidencerequest", "FND": "finding"}


@dataclass(frozen=True, slots=True)
class Look:
    """One look: `view` of `kind`, both in words. `model` and `pk` say which row, or `key` which thing.

    With `is_refused` it was asked for, and not shown.
    """

    view: str
    kind: str = ""
    model: str = ""
    pk: int = 0
    key: str = ""
    is_refused: bool = False


def rows_of_key(key: str) -> tuple[str, int] | None:
    """Return the model and number that a key of an audit stands for (`FND-3`), or None."""
    parsed = parse_key(key.strip().upper())
    model = _PREFIXES.get(parsed[0]) if parsed else None
    return (model, parsed[1]) if parsed and model else None


def look_of(page: str, subject: str) -> Look:
    """Return what was looked at: `page` is the name of a URL, `subject` what stood in it, by blanks."""
    if page.startswith(REFUSED):
        return replace(look_of(page.removeprefix(REFUSED), subject), is_refused=True)
    if page in _PLACES:
        return Look(_PLACES[page])
    model, _, view = page.removeprefix(_ADMIN).partition("_")
    given = subject.split()
    first = int(given[0]) if given and given[0].isdecimal() and len(given[0]) < 19 else 0
    second = given[1] if len(given) > 1 else ""
    if not page.startswith(_ADMIN) or model not in KINDS:
        return Look("Page of the administration", key=subject)
    if view in {"changelist", "export"}:
        name = "List of" if view == "changelist" else "List, taken out as a file, of"
        return Look(f"{name} {_LISTS[model]}")
    if (model, view) in {("audit", "sample"), ("audit", "keys")} and second.isdecimal() and len(second) < 19:
        of = "sample" if view == "sample" else "population"
        return Look(_VIEWS[view], KINDS[of], of, int(second))
    if (model, view) == ("audit", "file"):
        return Look(_VIEWS[view], "Change", key=second)
    return Look(_VIEWS.get(view, "Page"), KINDS[model], model, first)
