"""What people say about a change, and who listens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from changes.models import ChangeComment
from changes.selectors.mentioning import groups_to_mention, people_to_mention
from changes.services.comments import change_comment, change_comment_edit
from changes.services.watching import change_unwatch, change_watch
from changes.web.forms import CommentForm
from changes.web.loading import change_number, change_seen
from changes.web.page import page_context
from changes.web.views_change import version_of
from opsportal.core.access import may
from opsportal.core.errors import Forbidden, InvalidInput
from opsportal.core.text import clean_text
from opsportal.web.requests import actor_of, now_of

MOST_ASKED = 150


@require_safe
def mentions(request: HttpRequest) -> JsonResponse:
    """Offer the people, teams and boards that a comment may mention, by what is written of their name.

    Each with what is inserted: the name or slug, or a token where another bears it too.
    """
    if not may(actor_of(request), "change.comment"):
        raise Forbidden("Only people comment on a change.")
    text = clean_text(request.GET.get("q", ""), field="q", max_length=MOST_ASKED)
    offered = [*people_to_mention(text), *groups_to_mention(text)]
    return JsonResponse({"people": offered}, headers={"Cache-Control": "no-store"})


@require_POST
def change_commented(request: HttpRequest, key: str) -> HttpResponse:
    """Add a comment or a question."""
    form = CommentForm(request.POST)
    try:
        if form.is_valid():
            comment = change_comment(
                actor=actor_of(request),
                now=now_of(request),
                pk=change_number(key),
                text=form.cleaned_data["text"],
                kind=form.cleaned_data["kind"] or ChangeComment.Kind.REMARK,
            )
            return redirect(f"{reverse('changes:change', args=[comment.change.key])}#timeline")
    except InvalidInput as refusal:
        form.add_refusal(refusal)
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    context = {**page_context(request, seen), "comment_form": form}
    return render(request, "changes/change.html", context, status=400)


@require_POST
def comment_edited(request: HttpRequest, key: str, comment: int) -> HttpResponse:
    """Write a comment of the reader's own anew."""
    change_comment_edit(
        actor=actor_of(request),
        now=now_of(request),
        pk=change_number(key),
        comment=comment,
        text=request.POST.get("text", ""),
        version=version_of(request),
    )
    return redirect(f"{reverse('changes:change', args=[key.upper()])}#comment-{comment}")


@require_POST
def change_watched(request: HttpRequest, key: str) -> HttpResponse:
    """Let the reader be told of what happens to the change, or told no more."""
    stops = request.POST.get("watch", "") == "no"
    (change_unwatch if stops else change_watch)(
        actor=actor_of(request), now=now_of(request), pk=change_number(key)
    )
    words = "You are told no more of what happens to it." if stops else "You are told of what happens to it."
    messages.success(request, words)
    return redirect("changes:change", key.upper())
