"""Pages of the register of decisions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from compliance.models.governance.boards import DECISION_PREFIX
from compliance.selectors.boards import decision_seen, decisions_loaded
from compliance.services.governance.boards import TEXTS, decision_correct, decision_record
from compliance.web.governance_parts import form_page, given, number_in, people
from opsportal.accounts.models import Role
from opsportal.core.access import may
from opsportal.web.forms import PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of


class WordsForm(PortalForm):
    """The words of a decision."""

    question = forms.CharField(max_length=300)
    options = forms.CharField(required=False, widget=forms.Textarea, label="What there was to choose from")
    outcome = forms.CharField(widget=forms.Textarea, label="What was decided")
    reasons = forms.CharField(required=False, widget=forms.Textarea, label="Why")
    participants = forms.MultipleChoiceField(required=False, label="Who took part")
    links = forms.CharField(
        required=False,
        widget=forms.Textarea,
        help_text="One a line: an address, or a key such as CHG-1042.",
    )

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.fields["participants"].choices = people()  # type: ignore[attr-defined]

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        fields = dict(self.cleaned_data)
        fields["links"] = [line.strip() for line in fields.get("links", "").splitlines() if line.strip()]
        return fields


class DecisionForm(WordsForm):
    """A decision of a board."""

    board = forms.ChoiceField()
    decided_on = forms.DateField(
        required=False, label="On", widget=forms.DateInput({"type": "date"}), help_text="Nothing: today."
    )
    supersedes = forms.CharField(required=False, max_length=30, help_text="The older one, e.g. DEC-3.")
    field_order = ("board", "decided_on", "question")

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        boards = Role.objects.filter(kind=Role.Kind.BOARD).order_by("title")
        self.fields["board"].choices = [(role.slug, role.title) for role in boards]  # type: ignore[attr-defined]


class CorrectionForm(WordsForm):
    """Other words, and why."""

    reason = forms.CharField(label="Why it is corrected", max_length=1_000)


@require_safe
def decision_list(request: HttpRequest) -> HttpResponse:
    """List what boards decided, newest first."""
    rows = decisions_loaded()
    board = request.GET.get("board", "")[:60]
    if board:
        rows = rows.filter(board=board)
    page = page_of(rows, request, order=("-decided_on", "-id"))
    boards = list(Role.objects.filter(kind=Role.Kind.BOARD).order_by("title"))
    titles = {role.slug: role.title for role in boards}
    lines = [(row, titles.get(row.board, row.board), _last(row)) for row in page.items]
    context = {"page": page, "lines": lines, "boards": boards, "board": board}
    return render(request, "compliance/governance/decisions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decision_new(request: HttpRequest) -> HttpResponse:
    """Record a decision."""
    form = DecisionForm(request.POST or None)

    def write() -> Any:
        fields = {**given(form), "links": form.written()["links"]}
        return decision_record(actor=actor_of(request), now=now_of(request), fields=fields)

    return form_page(
        request,
        form,
        write,
        done=lambda made: (
            f"{made.key} is recorded.",
            reverse("compliance:decision", args=[made.key]),
        ),
        title="Record a decision",
        lead="What a board decided, and why. It is never changed; a correction stands beside it.",
        back=("Decisions", reverse("compliance:decisions")),
        label="Record it",
    )


@require_safe
def decision_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a decision, with every version of its words."""
    row = decision_seen(number_in(key, DECISION_PREFIX))
    texts = sorted(row.texts.all(), key=lambda one: -one.number)
    remember_people(
        request,
        [
            *((text.written_by_kind, text.written_by_id) for text in texts),
            *(("user", person) for text in texts for person in text.participants),
        ],
    )
    role = Role.objects.filter(slug=row.board).first()
    context = {
        "decision": row,
        "board": role.title if role else row.board,
        "text": texts[0],
        "older": texts[1:],
        "newer": getattr(row, "superseded_by", None),
        "may_correct": may(actor_of(request), "decision.record", (row.board, now_of(request))),
    }
    return render(request, "compliance/governance/decision.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decision_corrected(request: HttpRequest, key: str) -> HttpResponse:
    """Write the words of a decision down anew."""
    row = decision_seen(number_in(key, DECISION_PREFIX))
    last = _last(row)
    initial = {name: getattr(last, name) for name in TEXTS}
    initial["links"] = "\n".join(last.links)
    form = CorrectionForm(request.POST or None, initial=initial)

    def write() -> Any:
        fields = form.written()
        reason = fields.pop("reason")
        return decision_correct(
            actor=actor_of(request), now=now_of(request), pk=row.pk, fields=fields, reason=reason
        )

    url = reverse("compliance:decision", args=[row.key])
    return form_page(
        request,
        form,
        write,
        done=lambda _: (f"{row.key} is corrected.", url),
        title=f"Correct {row.key}",
        lead="What was written before stays beside it.",
        back=(row.key, url),
        label="Correct it",
    )


def _last(row: Any) -> Any:
    return max(row.texts.all(), key=lambda one: one.number)
