"""The page on which an audit is worked on, and what belongs to it: samples beside evidence, files, report."""

from __future__ import annotations

import json
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from compliance.admin.audits.forms import ItemForm
from compliance.admin.audits.offered import Desk, action_rows, finding_rows, request_rows, steps_of_audit
from compliance.admin.audits.steps import STEPS, Call, Step, initial_of
from compliance.auditing.opinions import open_points, outside_scope
from compliance.auditing.states import AUDIT
from compliance.models import Audit, Population, Sample, SampleItem
from compliance.panels.audit_blocks import file_blocks, report_blocks
from compliance.selectors.audits.change_file import change_file, deployments_without_change, people_in
from compliance.selectors.audits.controls import controls_named
from compliance.selectors.audits.item_facts import facts_of
from compliance.selectors.audits.seen import (
    actions_seen,
    audit_seen,
    findings_seen,
    notes_seen,
    requests_seen,
)
from compliance.selectors.audits.standing import standing_of
from compliance.services.audits.reports import report_content
from compliance.services.audits.sampling import item_record, population_keys
from compliance.services.audits.scene import case_of
from opsportal.catalog.models import Service
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput, NotFound, Refusal
from opsportal.core.keys import number_of
from opsportal.core.ports import record_export
from opsportal.core.registry import person_names
from opsportal.web import refusals
from opsportal.web.printing import Block, Facts, Paragraph, pdf_of, pdf_response
from opsportal.web.requests import actor_of, is_guest, now_of
from opsportal.web.tables import table_response

FORMS = ("pdf", "json")


class WorkViews:
    """Views of one audit inside the back office. Every write is one call of a service."""

    admin_site: AdminSite

    def work_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show an audit with all that belongs to it, and the steps that its reader may take."""
        actor = actor_of(request)
        audit = audit_seen(actor, pk)
        case = case_of(audit)
        works, leads = may(actor, "audit.work", case), may(actor, "audit.lead", case)
        reports = list(audit.reports.select_related("issued_by").defer("content").order_by("-number"))
        drafts = audit.findings.filter(state="draft").count() if works or leads else 0
        desk = Desk(audit, actor, case, standing_of(audit), drafts, bool(reports))
        steps, needed = steps_of_audit(desk)
        findings = findings_seen(actor).filter(audit=audit).prefetch_related("actions").order_by("-id")
        requests = requests_seen(actor).filter(audit=audit).order_by("-id")
        actions = actions_seen(actor).filter(finding__audit=audit).order_by("-id")
        tests = audit.tests.select_related("tested_by").prefetch_related("tested__control")
        tests = tests.order_by("control", "kind")
        tested = (one.control.key for test in tests for one in test.tested.all())
        context = {
            "works": works,
            "leads": leads,
            "steps": steps,
            "needed": needed,
            "offered": desk.open_steps,
            "is_guest": actor.is_guest,
            "may_edit": leads and AUDIT.can(audit.state, "edit"),
            "members": audit.members.select_related("person").order_by("id"),
            "tests": tests,
            "beyond": outside_scope(audit.control_keys, tested),
            "populations": _populations(audit),
            "requests": request_rows(desk, requests[:200]),
            "findings": finding_rows(desk, findings[:200]),
            "actions": action_rows(desk, actions[:200]),
            "notes": notes_seen(actor).filter(audit=audit).order_by("-id")[:200] if works else [],
            "accesses": audit.accesses.select_related("person").order_by("-id")[:50] if leads else [],
            "reports": reports,
            "scope": controls_named(audit.control_keys),
            "now": now_of(request),
        }
        return self._page(request, "work", audit, context)

    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Ask what a step needs, take it, and lead back to the audit; a refusal stands above the form."""
        actor, now = actor_of(request), now_of(request)
        audit, found, row = audit_seen(actor, pk), STEPS.get(step), _number(request.GET.get("row", ""))
        if found is None or is_guest(request):
            raise NotFound("There is no such step.")
        if not found.is_about(audit, row):
            raise NotFound("There is nothing of this number in this audit.")
        if request.method != "POST":
            form = found.form(initial=initial_of(step, audit, row, now), audit=pk)
            return self._page(request, "step", audit, _asked(found, form, audit))
        form = found.form(request.POST, audit=pk)
        status = 400
        if form.is_valid():
            try:
                shown = found.run(Call(actor, now, pk, row, form.given()))
            except Refusal as refusal:
                refusals.keep(request, refusal)
                _add(form, refusal)
                status = refusal.status
            else:
                if isinstance(shown, str):
                    link = request.build_absolute_uri(reverse("compliance:audit-guest", args=[shown]))
                    return self._page(request, "once", audit, {"link": link})
                messages.success(request, f"{found.title}: done.")
                return redirect("admin:compliance_audit_work", pk)
        return self._page(request, "step", audit, _asked(found, form, audit), status=status)

    def sample_view(self, request: HttpRequest, pk: int, sample: int) -> HttpResponse:
        """Show a sample with the evidence of one item beside it, and take what was found of that item."""
        actor = actor_of(request)
        audit = audit_seen(actor, pk)
        drawn = Sample.objects.filter(pk=sample, population__audit=audit).select_related("drawn_by").first()
        if drawn is None:
            raise NotFound("There is no such sample.")
        items = list(drawn.items.select_related("tested_by").order_by("position"))
        wanted = request.GET.get("item", "")
        if wanted and _number(wanted) not in {item.pk for item in items}:
            raise NotFound("There is no such item in this sample.")
        chosen = _chosen(items, _number(wanted))
        works = may(actor, "audit.work", case_of(audit)) and audit.state == "fieldwork"
        standing = {name: getattr(chosen, name) for name in ("result", "note", "evidence")} if chosen else {}
        form = ItemForm(request.POST or None, initial=standing)
        if request.method == "POST" and chosen and form.is_valid():
            try:
                item_record(actor=actor, now=now_of(request), pk=chosen.pk, fields=form.given())
            except Refusal as refusal:
                refusals.keep(request, refusal)
                _add(form, refusal)
            else:
                onward = next(
                    (item.pk for item in items if not item.result and item.pk != chosen.pk), chosen.pk
                )
                return redirect(f"{request.path}?item={onward}#evidence")
        population = Population.objects.defer("content").get(pk=drawn.population_id)
        context = {
            "sample": drawn,
            "population": population,
            "items": items,
            "chosen": chosen,
            "form": form if works else None,
            "blocks": _shown(_evidence(chosen)) if chosen else [],
            "is_change": chosen is not None and chosen.subject_key.startswith("CHG-"),
        }
        return self._page(request, "sample", audit, context, status=400 if form.errors else 200)

    def keys_view(self, request: HttpRequest, pk: int, row: int, form: str) -> HttpResponseBase:
        """Give out the frozen list of a population, which is checked against its hash first."""
        audit = audit_seen(actor_of(request), pk)
        population = audit.populations.filter(pk=row).first()
        if population is None:
            raise NotFound("There is no such population.")
        keys = population_keys(population)
        record_export(actor_of(request), now_of(request), "compliance.population", {"population": str(row)})
        name = f"population-{population.pk}"
        return table_response(name, ("key",), ((key,) for key in keys), form=form)

    def file_view(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        """Show the complete file of a change, or give it out as PDF or JSON (`?form=`)."""
        audit = audit_seen(actor_of(request), pk)
        number = number_of(key, "CHG")
        if number is None or (is_guest(request) and not _in_populations(audit, key)):
            raise NotFound("There is no such change in this audit.")
        content = change_file(number)
        blocks = file_blocks(content, _names(people_in(content)))
        title = f"{content['key']} {content['title']}"
        name = f"file-{content['key'].lower()}"
        return self._document(request, audit, title=title, content=content, blocks=blocks, name=name)

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the report that was issued last, or how it stands so far; or give it out as PDF or JSON."""
        audit = audit_seen(actor_of(request), pk)
        issued = audit.reports.order_by("-number").first()
        if issued is None and is_guest(request):
            raise NotFound("No report was issued yet.")
        content = cast(dict[str, Any], issued.content) if issued else report_content(audit)
        people = [content["lead"], *content["team"], *(one["owner"] for one in content["findings"])]
        people += [action["owner"] for one in content["findings"] for action in one["actions"]]
        blocks = report_blocks(content, _names([("user", person) for person in people]))
        title = f"Audit {audit.key}: {content['title']}"
        foot = f"Report {issued.number}, SHA-256 {issued.content_hash}" if issued else "Not issued yet"
        name = f"report-{audit.key.lower()}"
        return self._document(
            request, audit, title=title, content=content, blocks=blocks, name=name, foot=foot
        )

    def without_change_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """List the deployments of the audit's period and services that name no change."""
        audit = audit_seen(actor_of(request), pk)
        services = list(Service.objects.filter(slug__in=audit.service_slugs).values_list("pk", flat=True))
        rows = deployments_without_change(services, audit.begins, audit.ends)
        return self._page(request, "without_change", audit, {"rows": rows})

    def _document(
        self,
        request: HttpRequest,
        audit: Audit,
        *,
        title: str,
        content: dict[str, Any],
        blocks: list[Block],
        name: str,
        foot: str = "",
    ) -> HttpResponse:
        form = request.GET.get("form", "")
        if form and form not in FORMS:
            raise InvalidInput.of("form", "unknown", "Choose pdf or json.")
        if form:
            record_export(actor_of(request), now_of(request), name, {"format": form})
        if form == "pdf":
            return pdf_response(name, pdf_of(title, blocks, subtitle=audit.title, footer=foot or audit.key))
        if form == "json":
            text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
            response = HttpResponse(text, content_type="application/json")
            response["Content-Disposition"] = f'attachment; filename="{name}.json"'
            response["Cache-Control"] = "no-store"
            return response
        context = {"document_title": title, "blocks": _shown(blocks), "foot": foot}
        return self._page(request, "document", audit, context)

    def _page(
        self, request: HttpRequest, name: str, audit: Audit, context: dict[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        whole = {
            **self.admin_site.each_context(request),
            "title": f"{audit.key} {audit.title}",
            "audit": audit,
            "opts": Audit._meta,
            **context,
        }
        return TemplateResponse(request, f"admin/compliance/audits/{name}.html", whole, status=status)


def _asked(step: Step, form: Any, audit: Audit) -> dict[str, Any]:
    found = open_points(standing_of(audit)) if step.shows_what_is_open else ()
    return {"step": step, "form": form, "open": found}


def _populations(audit: Audit) -> list[tuple[Population, list[Sample]]]:
    counted = Sample.objects.filter(population__audit=audit).annotate(
        items_tested=Count("items", filter=~Q(items__result="")),
        exceptions=Count("items", filter=Q(items__result="exception")),
    )
    samples: dict[int, list[Sample]] = {}
    for sample in counted.defer("keys").order_by("id"):
        samples.setdefault(sample.population_id, []).append(sample)
    rows = audit.populations.defer("content").select_related("frozen_by").order_by("id")
    return [(row, samples.get(row.pk, [])) for row in rows]


def _chosen(items: list[SampleItem], pk: int) -> SampleItem | None:
    wanted = next((item for item in items if item.pk == pk), None)
    untested = next((item for item in items if not item.result), None)
    return wanted or untested or next(iter(items), None)


def _evidence(item: SampleItem) -> list[Block]:
    number = number_of(item.subject_key, "CHG")
    if number is not None:
        content = change_file(number)
        return file_blocks(content, _names(people_in(content)))
    facts = facts_of(item.subject_key)
    return [Facts(facts)] if facts else [Paragraph("The portal keeps nothing of it any more.")]


def _in_populations(audit: Audit, key: str) -> bool:
    return any(key.upper() in set(population_keys(row)) for row in audit.populations.filter(kind="changes"))


def _shown(blocks: list[Block]) -> list[tuple[str, Block]]:
    return [(type(block).__name__.lower(), block) for block in blocks]


def _names(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    names: dict[tuple[str, str], str] = {}
    for source in person_names.values():
        names.update(source([pair for pair in pairs if pair[1]]))
    return names


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _add(form: Any, refusal: Refusal) -> None:
    for error in refusal.errors if isinstance(refusal, InvalidInput) else ():
        name = error.pointer.strip("/").split("/")[0]
        form.add_error(name if name in form.fields else None, error.detail)
    if not isinstance(refusal, InvalidInput):
        form.add_error(None, refusal.detail)
