"""The document of a standard: its text beside the rules that quote it, and its bytes as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from opsportal.core.errors import NotFound
from opsportal.standards.coverage import coverage
from opsportal.standards.original import lines_of
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.selectors import document_of, sources_of
from opsportal.standards.shelf import standard_readable


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a document, and the rules whose quotations begin there."""

    number: int
    text: str
    rules: tuple[Rule, ...]


def pages_of(standard: Standard) -> Mapping[str, str]:
    """Return the paths of the documents that its rules quote, by name, as far as the portal has them."""
    return {
        name: reverse("standards:document", args=[one.content_hash])
        for name, one in sources_of(standard).items()
        if document_of(one) is not None
    }


@require_safe
def document(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the document line by line, repaired for the eye, beside the rules of its standard."""
    standard = standard_readable(reference)
    quoted: dict[int, dict[str, Rule]] = {}
    for rule in standard.rules:
        for source in (rule.source, *rule.also):
            if source.document == standard.document:
                quoted.setdefault(source.line, {})[rule.id] = rule
    lines = [
        TextLine(number, text, tuple(quoted.get(number, {}).values()))
        for number, text in enumerate(lines_of(_content(standard)), 1)
    ]
    return render(request, "standards/document.html", {"standard": standard, "lines": lines})


@require_safe
def covered(request: HttpRequest, reference: str) -> HttpResponse:
    """Show every statement of the document with what the standard made of it."""
    standard = standard_readable(reference)
    content = _content(standard)
    shown = lines_of(content)
    # Quotations are in the document's own characters; people read them repaired.
    found = coverage(standard, content.decode("utf-8-sig", errors="replace").split("\n"))
    left_out = [one for one in found if one.is_left_out]
    context = {
        "standard": standard,
        "statements": [(one, shown[one.statement.line - 1].strip()) for one in found],
        "held": sum(bool(one.rules) for one in found),
        "aside": sum(not one.rules and bool(one.listed) for one in found),
        "left_out": len(left_out),
    }
    return render(request, "standards/coverage.html", context)


@require_safe
def original(request: HttpRequest, reference: str) -> HttpResponse:
    """Hand out the document as it is, to be saved and not to be shown."""
    standard = standard_readable(reference)
    return HttpResponse(
        _content(standard),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, standard.document) or "attachment",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _content(standard: Standard) -> bytes:
    content = document_of(standard)
    if content is None:
        raise NotFound("The portal does not have this document. Its SHA-256 is on the page of the standard.")
    return content
