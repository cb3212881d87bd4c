"""Pages of declarations and of the readiness of services."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_safe

from compliance.governing.kinds import READINESS, STATED
from compliance.models import Declaration, EvidenceItem
from compliance.selectors.declarations import Asked, asked
from compliance.selectors.proofs import DECLARATION, READY, proofs_of, statements_of
from compliance.selectors.readiness import services_to_judge, signs_of_all
from compliance.services.controls.evidence import Upload
from compliance.services.governance.statements import declaration_make, readiness_state
from compliance.web.governance_parts import form_page, given
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.uploads import FileTooLarge, too_large
from opsportal.files.selectors import attachment_of
from opsportal.files.web.serving import attachment_response
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of
from opsportal.web.uploads import answers_too_large

MOST_ITEMS = 200
PROOF = ("known", "evidence", "file")


class ProofForm(PortalForm):
    """What proves a statement: evidence that is here already, an address or another key, a file."""

    known = forms.ChoiceField(required=False, label="Evidence that is here already")
    evidence = forms.CharField(required=False, label="Or an address, or a key such as AUD-3")
    file = forms.FileField(
        required=False,
        label="Or a file",
        max_length=1_000,
        help_text="pdf, png, jpg, csv, json, txt, md, xlsx, docx, pptx or zip. Its hash stands beside it.",
    )

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        items = EvidenceItem.objects.filter(state="standing").order_by("-id")[:MOST_ITEMS]
        choices = [("", "–"), *((one.key, f"{one.key} {one.title}") for one in items)]
        self.fields["known"].choices = choices  # type: ignore[attr-defined]
        # Last of all: first comes what is said, then what proves it.
        self.order_fields([name for name in self.fields if name not in PROOF] + list(PROOF))

    def stated(self) -> tuple[dict[str, Any], Upload | None]:
        """Return the fields as the service takes them, and the file. Raises `InvalidInput`."""
        fields = given(self, without=("known", "file"))
        known, file = self.cleaned_data["known"], self.cleaned_data["file"]
        if known and fields.get("evidence"):
            raise InvalidInput.of("evidence", "several", "Choose evidence, or name something else: not both.")
        if known:
            fields["evidence"] = known
        return fields, Upload(file.name, file.chunks()) if file else None


F = TypeVar("F", bound=ProofForm)


class DeclarationForm(ProofForm):
    """A declaration."""

    text = forms.CharField(widget=forms.Textarea, label="What I declare")
    valid_until = LocalMomentField(required=False, help_text="Nothing: as long as the standard says.")


class ReadinessForm(ProofForm):
    """What is so of one item."""

    item = forms.ChoiceField(choices=list(READINESS.items()))
    status = forms.ChoiceField(choices=list(STATED.items()), label="It is")
    text = forms.CharField(widget=forms.Textarea, label="How I know", max_length=2_000)
    valid_until = LocalMomentField(required=False, help_text="Nothing: for 180 days.")


@require_safe
def declaration_list(request: HttpRequest) -> HttpResponse:
    """Show what the standard asks to be declared, and what was."""
    actor, now = actor_of(request), now_of(request)
    page = page_of(Declaration.objects.all(), request, order=("-declared_at", "-id"))
    remember_people(request, (("user", str(row.declared_by_id)) for row in page.items))
    lines = [(one, actor.is_staff or one.may_be_declared_by(actor, now)) for one in asked(now)]
    proofs = proofs_of(page.items)
    context = {"lines": lines, "page": page, "rows": [(row, proofs[row.pk]) for row in page.items]}
    return render(request, "compliance/governance/declarations.html", context)


def _declaration_too_large(request: HttpRequest, rule: str, subject: str) -> HttpResponse:
    form = _refused(DeclarationForm)
    return _declaration_page(request, form, _asked(request, rule, subject), status=413)


@answers_too_large(_declaration_too_large)
@require_http_methods(["GET", "HEAD", "POST"])
def declaration_new(request: HttpRequest, rule: str, subject: str) -> HttpResponse:
    """Declare what a rule asks."""
    one = _asked(request, rule, subject)
    return _declaration_page(request, DeclarationForm(request.POST or None, request.FILES or None), one)


def _declaration_page(
    request: HttpRequest, form: DeclarationForm, one: Asked, *, status: int = 0
) -> HttpResponse:
    url = reverse("compliance:declarations")

    def write() -> Any:
        about = {"subject": one.subject.key} if one.per == "service" else {}
        said, upload = form.stated()
        fields = {"rule": one.rule, **about, **said}
        return declaration_make(actor=actor_of(request), now=now_of(request), fields=fields, upload=upload)

    return form_page(
        request,
        form,
        write,
        done=lambda made: (f"{made.key} is declared.", url),
        title=one.title,
        lead=f"{one.subject.title}. {one.due.because}",
        back=("To declare", url),
        label="Declare it",
        has_files=True,
        refused_with=status,
    )


def _refused(form: type[F]) -> F:
    """Return an empty form that says that the file was too large."""
    empty = form({}, MultiValueDict(), empty_permitted=True, use_required_attribute=False)
    empty.add_refusal(too_large(FileTooLarge()))
    return empty


def _asked(request: HttpRequest, rule: str, subject: str) -> Asked:
    for one in asked(now_of(request)):
        if (one.rule, one.subject.key) == (rule, subject):
            return one
    raise NotFound("The standard in force does not ask for that.")


@require_safe
def readiness_matrix(request: HttpRequest) -> HttpResponse:
    """Show all services and where each item stands."""
    page = page_of(services_to_judge(), request, order=("name", "id"), size=50)
    found = signs_of_all(page.items, now_of(request))
    context = {
        "page": page,
        "items": list(READINESS.items()),
        "lines": [(service, list(found[service.pk].values())) for service in page.items],
    }
    return render(request, "compliance/governance/readiness.html", context)


def _readiness_too_large(request: HttpRequest, slug: str) -> HttpResponse:
    return _readiness_page(request, slug, _refused(ReadinessForm), status=413)


@answers_too_large(_readiness_too_large)
@require_http_methods(["GET", "HEAD", "POST"])
def readiness_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how ready a service is; take a statement about it."""
    initial = {"item": request.GET.get("item", "")}
    form = ReadinessForm(request.POST or None, request.FILES or None, initial=initial)
    return _readiness_page(request, slug, form)


def _readiness_page(request: HttpRequest, slug: str, form: ReadinessForm, *, status: int = 0) -> HttpResponse:
    service = services_to_judge().filter(slug=slug).first()
    if service is None:
        raise NotFound("There is no such service in use.")
    now = now_of(request)
    url = reverse("compliance:readiness-service", args=[slug])

    def write() -> Any:
        said, upload = form.stated()
        return readiness_state(actor=actor_of(request), now=now, service=slug, fields=said, upload=upload)

    if request.method == "POST":
        return form_page(
            request,
            form,
            write,
            done=lambda made: (f"{made.get_item_display()} is stated.", url),
            title=f"State how ready {service.name} is",
            lead="It counts until it runs out; what the portal sees by itself counts more.",
            back=(service.name, url),
            label="State it",
            has_files=True,
            refused_with=status,
        )
    stated = statements_of(service)
    proofs = proofs_of(stated)
    remember_people(request, (("user", str(row.stated_by_id)) for row in stated))
    context = {
        "service": service,
        "standings": signs_of_all([service], now)[service.pk].values(),
        "stated": [(row, proofs[row.pk]) for row in stated],
        "form": form,
        "may_state": may(actor_of(request), "readiness.state", (service.owner_team.slug, now)),
    }
    return render(request, "compliance/governance/service.html", context)


@require_safe
def proof_file(request: HttpRequest, kind: str, key: str, attachment: UUID) -> FileResponse:
    """Hand out the file that came with a declaration or a statement, as a download."""
    if kind not in (DECLARATION, READY):
        raise NotFound("There is no such file.")
    return attachment_response(attachment_of(kind, key, attachment), now=now_of(request))
