"""Standards from the command line: check, propose, put in force, list, and what became of a document."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, Refusal
from opsportal.core.ports import activate_by_change
from opsportal.standards.cases import load_cases, run_case
from opsportal.standards.coverage import coverage, report
from opsportal.standards.original import MAX_BYTES as MAX_DOCUMENT
from opsportal.standards.packs import MAX_BYTES, PackError, Problem, named_document
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import (
    active_standard,
    active_standard_or_none,
    consequences_of,
    read_pack,
    standard_by_hash,
    versions,
)
from opsportal.standards.services import standard_bootstrap, standard_propose, standard_store
from opsportal.standards.shipped import shipped_document, shipped_names, shipped_standard
from opsportal.standards.vocabulary import declared

ACTOR = Actor.system("command.standard")


class Command(BaseCommand):
    """Checks packs, puts a standard in force, lists what there is."""

    help = "Check a pack, propose it, put a standard in force, list the standards."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="check | propose | activate | list | coverage"
        )
        check = verbs.add_parser(
            "check", help="say all that is wrong with a pack; exit code 1 where anything is"
        )
        check.add_argument("file", type=Path, help="the pack, a TOML file")
        check.add_argument(
            "--cases", type=Path, metavar="FILE", help="cases that the pack must answer as they say"
        )
        propose = verbs.add_parser("propose", help="store a pack, so that a change can name it")
        propose.add_argument("name", help="a shipped pack, or a file")
        activate = verbs.add_parser("activate", help="put a standard in force")
        activate.add_argument("name", help="a shipped pack, a stored standard, or a file")
        activate.add_argument(
            "--change",
            metavar="CHG-n",
            default="",
            help="the approved change, under way, that names it; needed where a standard is in force already",
        )
        listing = verbs.add_parser("list", help="list the shipped packs and the stored standards")
        covered = verbs.add_parser(
            "coverage", help="say of every statement of a shipped pack's document what became of it"
        )
        covered.add_argument("name", nargs="?", default="", help="a shipped pack; all, where it is left out")
        covered.add_argument("--write", type=Path, metavar="FOLDER", help="write one page for each into it")
        for verb in (check, propose, activate, listing, covered):
            verb.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what the verb says; a refusal goes to standard error, with exit code 1."""
        verb = {
            "check": self._check,
            "propose": self._propose,
            "activate": self._activate,
            "list": self._list,
            "coverage": self._coverage,
        }[options["verb"]]
        try:
            verb(options)
        except InvalidInput as refusal:
            raise CommandError("\n".join([refusal.detail, *(one.detail for one in refusal.errors)])) from None
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None

    def _check(self, options: dict[str, Any]) -> None:
        file: Path = options["file"]
        try:
            standard = read_pack(_read(file), file=str(file))
            problems = _differences(standard, options["cases"])
        except PackError as error:
            standard, problems = None, list(error.problems)
        if options["json"]:
            self.stdout.write(json.dumps(_verdict(standard, problems)))
        elif problems:
            for problem in problems:
                self.stdout.write(str(problem))
        elif standard is not None:
            self.stdout.write(
                f"{file}: {standard.name} {standard.version} is in order:"
                f" {len(standard.rules)} rules, hash {standard.content_hash}"
            )
        if problems:
            sys.exit(1)

    def _activate(self, options: dict[str, Any]) -> None:
        name, now = options["name"], edge_now()
        if options["change"]:
            activate_by_change(ACTOR, now, options["change"], name)
        else:
            source = _read(Path(name)) if _is_file(name) else None
            document = _document_of(Path(name), source) if source is not None else None
            standard_bootstrap(actor=ACTOR, now=now, name=name, source=source, document=document)
        self._tell(active_standard(), "is active", options)

    def _propose(self, options: dict[str, Any]) -> None:
        name, now = options["name"], edge_now()
        if _is_file(name):
            source = _read(Path(name))
            document = _document_of(Path(name), source)
            row = standard_store(actor=ACTOR, now=now, source=source, file=name, document=document)
        else:
            row = standard_propose(actor=ACTOR, now=now, name=name)
        self._tell(standard_by_hash(row.content_hash), "is stored: name it in a change", options)

    def _coverage(self, options: dict[str, Any]) -> None:
        names = [options["name"]] if options["name"] else list(shipped_names())
        for name in names:
            if name not in shipped_names():
                raise CommandError(f"{name} is not a shipped pack; there are: {', '.join(shipped_names())}")
            standard = shipped_standard(name, declared())
            lines = (shipped_document(standard.document) or b"").decode().splitlines()
            if options["json"]:
                self.stdout.write(json.dumps(_covered(standard, lines)))
            elif options["write"]:
                (options["write"] / f"{name}.md").write_text(report(standard, lines))
            else:
                self.stdout.write(report(standard, lines))

    def _tell(self, standard: Standard, words: str, options: dict[str, Any]) -> None:
        consequences = consequences_of(standard, edge_now().date())
        if options["json"]:
            told = {
                "name": standard.name,
                "version": standard.version,
                "hash": standard.content_hash,
                "vacant_roles": [role.id for role in consequences.vacant],
                "in_flight": dict(consequences.in_flight),
            }
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(f"{standard.name} {standard.version} {words}, hash {standard.content_hash}")
            for line in consequences.lines:
                self.stderr.write(line)

    def _list(self, options: dict[str, Any]) -> None:
        active = active_standard_or_none()
        active_hash = active.content_hash if active else ""
        stored = [
            {
                "name": row.name,
                "version": row.version,
                "hash": row.content_hash,
                "active": row.content_hash == active_hash,
            }
            for row in versions()
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"shipped": shipped_names(), "stored": stored}))
            return
        self.stdout.write(f"shipped: {', '.join(shipped_names())}")
        for one in stored:
            state = "active" if one["active"] else "stored"
            self.stdout.write(f"{one['name']}\t{one['version']}\t{state}\t{one['hash']}")


def _is_file(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _document_of(pack: Path, source: bytes) -> bytes | None:
    """Return the document that lies beside the pack, None where none does."""
    name = named_document(source)
    file = pack.parent / name
    if not name or Path(name).name != name or not file.is_file():
        return None
    with file.open("rb") as opened:
        return opened.read(MAX_DOCUMENT + 1)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None


def _differences(standard: Standard, cases: Path | None) -> list[Problem]:
    if cases is None:
        return []
    results = [run_case(case, standard) for case in load_cases(_read(cases), standard, file=str(cases))]
    return [
        Problem(str(cases), result.case.title, "", difference)
        for result in results
        for difference in result.differences
    ]


def _verdict(standard: Standard | None, problems: list[Problem]) -> dict[str, Any]:
    return {
        "ok": not problems,
        "name": standard.name if standard else "",
        "version": standard.version if standard else "",
        "hash": standard.content_hash if standard else "",
        "problems": [
            {"file": one.file, "rule": one.rule, "field": one.field, "reason": one.reason} for one in problems
        ],
    }


def _covered(standard: Standard, lines: list[str]) -> dict[str, Any]:
    return {
        "standard": standard.name,
        "document": standard.document,
        "statements": [
            {
                "id": one.statement.id,
                "text": one.statement.text,
                "rules": [entry.id for entry in one.rules],
                "listed": [entry.reason for entry in one.listed],
            }
            for one in coverage(standard, lines)
        ],
    }
