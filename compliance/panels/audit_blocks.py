"""Files of changes and reports of audits as blocks: the same for the page and for the PDF.

What is stored is in UTC and in the words of machines; here it is told in sentences, in the portal's zone,
which is named. So a document reads the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from compliance.auditing.opinions import outside_scope
from compliance.auditing.states import ACTION, FINDING
from compliance.auditing.tables import (
    ITEM_RESULTS,
    OPINIONS,
    POPULATIONS,
    SEVERITIES,
    TEST_KINDS,
    TEST_RESULTS,
)
from compliance.selectors.audits.change_file import PARTS
from opsportal.audit.actions import label
from opsportal.core.moments import in_words
from opsportal.web.looks import words_of
from opsportal.web.printing import Bars, Block, Facts, Heading, Paragraph, Table

Names = Mapping[tuple[str, str], str]
NOTHING = "None on record."
_QUORUM = {"any": "any of them", "all": "all of them", "majority": "most of them"}


def file_blocks(content: Mapping[str, Any], names: Names) -> list[Block]:
    """Return the file of a change (`change_file`), with `names` of its people, as blocks."""
    blocks: list[Block] = []
    lacks = content["lacks"]
    blocks.append(
        Paragraph(
            "Missing here: " + "; ".join(lacks) + "." if lacks else "Nothing that is asked for is missing."
        )
    )
    blocks += [Heading("Request"), Facts(_request(content, _named(names)))]
    for name, title in (
        *((part, words_of(part)) for part in PARTS),
        ("description", "Description"),
        ("impact", "Impact"),
    ):
        blocks += [Heading(title, 2), Paragraph(content[name] or NOTHING)]
    blocks += [Heading("Reviews and votes"), *_votes(content, _named(names))]
    blocks.append(
        _table(
            "Conditions",
            ("Condition", "State", "Settled", "Evidence"),
            content["conditions"],
            "text word:state when:settled_at evidence",
        )
    )
    blocks.append(
        _table("Files", ("Name", "SHA-256", "Added"), content["attachments"], "name sha256 when:added_at")
    )
    blocks += [Heading("Deployments"), *_deployments(content["deployments"])]
    blocks += [Heading("Verification"), _events(content["deployments"])]
    blocks += [Heading("Post-implementation review"), Paragraph(content["review"] or NOTHING)]
    if content["lessons_learned"]:
        blocks += [Heading("Lessons learned", 2), Paragraph(content["lessons_learned"])]
    blocks += [
        Heading("Linked incidents"),
        _table(
            "",
            ("Incident", "Title", "Severity", "State"),
            content["incidents"],
            "key title severity word:state",
        ),
        Heading("What was owed"),
        _table(
            "", ("What", "Rule", "State", "Due"), content["obligations"], "what rule word:state when:due_at"
        ),
        Heading("Deployments of these services without a change, seven days around"),
        *_deployments(content["without_change"]),
        Heading("Trail"),
        Table(
            ("When", "Who", "What"),
            [
                (
                    _when(entry["at"]),
                    names.get((entry["actor_kind"], entry["actor_id"])) or entry["actor_kind"],
                    label(entry["action"]),
                )
                for entry in content["trail"]
            ],
            (2, 2, 4),
        ),
    ]
    return blocks


def report_blocks(content: Mapping[str, Any], names: Names) -> list[Block]:
    """Return the report of an audit (`report_content`) as blocks."""
    who = _named(names)
    blocks: list[Block] = [
        Facts(
            [
                ("Opinion", OPINIONS.get(content["opinion"], "Not given yet")),
                ("Period", " to ".join(_day(one) for one in content["period"])),
                ("Framework", _frameworks(content)),
                ("Controls in scope", _controls(content)),
                ("Services", ", ".join(content["services"]) or "All"),
                ("Lead auditor", who(content["lead"])),
                ("Team", ", ".join(who(one) for one in content["team"]) or "Nobody else"),
            ]
        ),
    ]
    if reason := content.get("opinion_reason"):
        blocks += [Heading("Why this opinion, although something is open"), Paragraph(reason)]
    if still_open := content.get("open"):
        blocks += [Heading("Open or not met when this was drawn up"), Paragraph("\n".join(still_open))]
    for name in ("conclusion", "objective", "criteria"):
        blocks += [Heading(words_of(name)), Paragraph(content[name] or NOTHING)]
    told = [finding["severity"] for finding in content["findings"]]
    blocks += [
        Heading("Findings"),
        Bars("By severity", list(SEVERITIES.values()), [float(told.count(one)) for one in SEVERITIES]),
    ]
    for finding in content["findings"]:
        blocks += _finding(finding, who)
    blocks += [
        Heading("Tests of controls"),
        Table(
            ("Control", "What of it", "Result", "Work done"),
            [
                (
                    _tested(test),
                    TEST_KINDS[test["kind"]],
                    TEST_RESULTS.get(test["result"], "Not tested"),
                    test["work"],
                )
                for test in content["tests"]
            ],
            (3, 2, 2, 5),
        ),
        *_beyond_scope(content),
        Heading("Populations and samples"),
    ]
    for population in content["populations"]:
        blocks += _population(population)
    return blocks


def _beyond_scope(content: Mapping[str, Any]) -> list[Block]:
    scope = [one["key"] for one in content.get("controls") or ()]
    tested = (key for test in content["tests"] for key in test.get("controls") or ())
    beyond = outside_scope(scope, tested)
    return [Paragraph(f"Tested, but not among the controls in scope: {', '.join(beyond)}.")] if beyond else []


def _finding(finding: Mapping[str, Any], who: Callable[[str], str]) -> list[Block]:
    parts = [
        (words_of(name), finding[name])
        for name in ("condition", "criteria", "cause", "effect", "recommendation")
    ]
    return [
        Heading(f"{finding['key']} {finding['title']}", 2),
        Facts(
            [
                ("Severity", SEVERITIES[finding["severity"]]),
                ("State", FINDING.names[finding["state"]]),
                *((name, text) for name, text in parts if text),
                ("Owner", who(finding["owner"])),
                ("Due", _when(finding["due_at"])),
                *([("Control", finding["control"])] if finding.get("control") else []),
                ("Management response", finding["response"] or NOTHING),
                *([("Re-test", finding["retest"])] if finding["retest"] else []),
            ]
        ),
        *(
            [
                Table(
                    ("Corrective action", "Owner", "Due", "State", "Re-test"),
                    [
                        (
                            f"{one['key']} {one['title']}",
                            who(one["owner"]),
                            _when(one["due_at"]),
                            ACTION.names[one["state"]],
                            one["retest"],
                        )
                        for one in finding["actions"]
                    ],
                    (4, 2, 2, 1.5, 3),
                )
            ]
            if finding["actions"]
            else []
        ),
    ]


def _population(population: Mapping[str, Any]) -> list[Block]:
    query = population["query"]
    return [
        Heading(POPULATIONS[population["kind"]], 2),
        Facts(
            [
                ("From", _when(query["from"])),
                ("Until (not included)", _when(query["until"])),
                ("Services", ", ".join(query["services"]) or "All"),
                ("Count", str(population["count"])),
                ("SHA-256 of the list", population["sha256"]),
                ("Frozen", _when(population["frozen_at"])),
            ]
        ),
        *(
            block
            for sample in population["samples"]
            for block in (
                Paragraph(
                    f"Sample of {len(sample['items'])}, seed {sample['seed']}, method {sample['method']}."
                ),
                Table(
                    ("Item", "Result", "Note"),
                    [
                        (item["key"], ITEM_RESULTS.get(item["result"], "Not tested"), item["note"])
                        for item in sample["items"]
                    ],
                    (2, 2, 6),
                ),
            )
        ),
    ]


def _request(content: Mapping[str, Any], who: Callable[[str], str]) -> list[tuple[str, str]]:
    places = ", ".join(f"{one['service']} in {one['environment']}" for one in content["targets"])
    times = [(words_of(name.removesuffix("_at")), _when(at)) for name, at in content["times"].items() if at]
    return [
        ("Change", f"{content['key']} {content['title']}"),
        ("Type", words_of(content["type"])),
        ("State", words_of(content["state"])),
        ("Risk", words_of(content["risk"])),
        ("Where", places or NOTHING),
        ("Requested by", who(content["requester"])),
        ("Implementer", who(content["implementer"])),
        ("Started by", who(content["started_by"])),
        *times,
        ("Hash of the content", content["content_hash"]),
        ("Hash of the standard", content["standard_hash"] or NOTHING),
    ]


def _votes(content: Mapping[str, Any], who: Callable[[str], str]) -> list[Block]:
    blocks: list[Block] = []
    for round_ in content["approvals"]:
        blocks.append(Heading(f"Revision {round_['revision']}: {words_of(round_['state']).lower()}", 2))
        rows = []
        for stage in round_["stages"]:
            roles = ", ".join(words_of(role.replace("-", "_")) for role in stage["roles"])
            needed = _QUORUM.get(stage["quorum"], f"{stage['quorum']} of them")
            asked = f"{stage['title']} ({roles}; {needed}; {words_of(stage['state']).lower()})"
            if not stage["votes"]:
                rows.append((asked, "No vote", "", "", ""))
            for vote in stage["votes"]:
                voter = who(vote["voter"])
                if vote["on_behalf_of"]:
                    voter += f" for {who(vote['on_behalf_of'])}"
                decided = " ".join([words_of(vote["decision"]), vote["comment"]]).strip()
                rows.append((asked, voter, decided, _when(vote["cast_at"]), vote["content_hash"]))
        blocks.append(
            Table(("Stage", "Who", "Decision", "When", "Hash of what was seen"), rows, (3, 2, 3, 2, 3))
        )
    return blocks or [Paragraph(NOTHING)]


def _deployments(rows: list[dict[str, Any]]) -> list[Block]:
    if not rows:
        return [Paragraph(NOTHING)]
    header = ("Deployment", "Where", "Version, commit, digest", "Pipeline run, actor", "Gate", "State")
    return [
        Table(
            header,
            [
                (
                    f"{row['key']}\n{_when(row['registered_at'])}",
                    f"{row['service']}\n{row['environment']}",
                    "\n".join(filter(None, (row["version"], row["commit"], row["artifact_digest"]))),
                    "\n".join(
                        filter(None, (row["pipeline_run"], row["pipeline_actor"], row["registered_by"]))
                    ),
                    "\n".join([words_of(row["decision"]), *row["reasons"]]),
                    words_of(row["state"]),
                )
                for row in rows
            ],
            (2, 2, 3, 3, 2.5, 1.5),
        )
    ]


def _events(rows: list[dict[str, Any]]) -> Block:
    return Table(
        ("Deployment", "Event", "When", "Metrics", "Answer"),
        [
            (
                row["key"],
                words_of(event["event"]),
                _when(event["at"]),
                ", ".join(f"{name} {value}" for name, value in event["metrics"].items()),
                words_of(event["action"]) if event["action"] else "",
            )
            for row in rows
            for event in row["events"]
        ],
        (2, 2, 2, 4, 2),
    )


def _tested(test: Mapping[str, Any]) -> str:
    return f"{test['control']} {test['title']}"


def _frameworks(content: Mapping[str, Any]) -> str:
    named = [*content.get("frameworks", []), content["framework"]]
    return ", ".join(dict.fromkeys(one for one in named if one)) or "None"


def _controls(content: Mapping[str, Any]) -> str:
    found = content.get("controls", [])
    return "\n".join(f"{one['key']} {one['title']}" for one in found) or "Those of the framework"


def _when(text: str | None) -> str:
    """Return a stored instant (ISO 8601, UTC) as it is read, in the portal's zone; `""` for none."""
    return in_words(datetime.fromisoformat(text), timezone.get_default_timezone()) if text else ""


def _day(text: str) -> str:
    found = date.fromisoformat(text)
    return f"{found.day} {found:%B} {found.year}"


_SHOWN: dict[str, Callable[[Any], str]] = {"": str, "when:": _when, "word:": words_of}


def _table(title: str, header: tuple[str, ...], rows: list[dict[str, Any]], columns: str) -> Block:
    """Return rows as a table. A column may say how it is told: `when:due_at`, `word:state`."""
    shown = [column.rpartition(":") for column in columns.split()]
    cells = [
        tuple(_SHOWN[how + mark](row[name]) if row[name] else "" for how, mark, name in shown) for row in rows
    ]
    return Table(header, cells) if cells or not title else Paragraph(f"{title}: none on record.", small=True)


def _named(names: Names) -> Callable[[str], str]:
    return lambda person: (names.get(("user", person)) or person) if person else "Nobody"
