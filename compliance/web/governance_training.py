"""Pages of training."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.governing.kinds import ATTENDANCE, AUDIENCES
from compliance.models import Training, TrainingTopic
from compliance.models.governance.training import TRAINING_PREFIX
from compliance.selectors.training import lacking, training_seen, trainings_loaded
from compliance.services.governance.training import (
    case_of,
    case_of_topic,
    topic_define,
    training_attend,
    training_cancel,
    training_hold,
    training_plan,
)
from compliance.web.governance_parts import form_page, given, number_in, people, step_taken
from opsportal.core.access import may
from opsportal.core.errors import Conflict, InvalidInput, Refusal
from opsportal.web import refusals
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MOST_LACKING = 30


class TopicForm(PortalForm):
    """A topic of training."""

    slug = forms.SlugField(max_length=60, help_text="It names the topic for good, e.g. incident-response.")
    title = forms.CharField(max_length=120)
    audience = forms.ChoiceField(choices=list(AUDIENCES.items()))
    audience_key = forms.CharField(
        required=False, max_length=60, label="Role or team", help_text="Its slug, where it is not everybody."
    )
    valid_days = forms.IntegerField(initial=365, label="Counts for, in days")


class TrainingForm(PortalForm):
    """A session."""

    topic = forms.ChoiceField()
    at = LocalMomentField(label="When")
    trainer_person = forms.ChoiceField(required=False, label="Trainer")
    trainer = forms.CharField(required=False, max_length=120, label="Trainer from outside")
    material = forms.CharField(required=False, help_text="An address, or a key of the portal.")
    material_version = forms.CharField(required=False, max_length=60, label="Version of the material")
    note = forms.CharField(required=False, widget=forms.Textarea)

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        topics = TrainingTopic.objects.order_by("title")
        self.fields["topic"].choices = [(one.slug, one.title) for one in topics]  # type: ignore[attr-defined]
        self.fields["trainer_person"].choices = [("", "Nobody of ours"), *people()]  # type: ignore[attr-defined]


@require_safe
def training_list(request: HttpRequest) -> HttpResponse:
    """Show the topics with who lacks them, and the sessions."""
    actor, now = actor_of(request), now_of(request)
    topics = [(topic, lacking(topic, now)) for topic in TrainingTopic.objects.order_by("title", "id")]
    page = page_of(trainings_loaded(), request, order=("-at", "-id"))
    remember_people(
        request,
        [
            *(("user", str(person)) for _, missing in topics for person, _ in missing[:MOST_LACKING]),
            *(("user", str(row.trainer_person_id)) for row in page.items if row.trainer_person_id),
        ],
    )
    context = {
        "topics": [(topic, missing[:MOST_LACKING], len(missing)) for topic, missing in topics],
        "page": page,
        "may_define": may(actor, "training.define"),
        "may_plan": any(may(actor, "training.plan", case_of_topic(topic, now)) for topic, _ in topics),
    }
    return render(request, "compliance/governance/trainings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def topic_new(request: HttpRequest) -> HttpResponse:
    """Make a topic."""
    form = TopicForm(request.POST or None)
    url = reverse("compliance:trainings")
    return form_page(
        request,
        form,
        lambda: topic_define(actor=actor_of(request), now=now_of(request), fields=given(form)),
        done=lambda made: (f"{made.title} is a topic now.", url),
        title="New topic of training",
        lead="What people must have been taught, and how long that counts.",
        back=("Training", url),
        label="Make it",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def training_new(request: HttpRequest) -> HttpResponse:
    """Plan a session."""
    form = TrainingForm(request.POST or None)

    def write() -> Any:
        fields = given(form)
        topic = fields.pop("topic")
        return training_plan(actor=actor_of(request), now=now_of(request), topic=topic, fields=fields)

    return form_page(
        request,
        form,
        write,
        done=lambda made: (
            f"{made.key} is planned.",
            reverse("compliance:training", args=[made.key]),
        ),
        title="Plan a training",
        lead="One that was held already is recorded the same way, and then who was there.",
        back=("Training", reverse("compliance:trainings")),
        label="Plan it",
    )


@require_safe
def training_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a session, and who was there."""
    return _page(request, training_seen(number_in(key, TRAINING_PREFIX)))


@require_POST
def training_held(request: HttpRequest, key: str) -> HttpResponse:
    """Say who was there; a planned session is held with it."""
    training = training_seen(number_in(key, TRAINING_PREFIX))
    lists: dict[str, list[str]] = {word: [] for word in ATTENDANCE}
    for name, value in request.POST.items():
        if name.startswith("person-") and value in lists:
            lists[str(value)].append(name.removeprefix("person-"))
    write = training_hold if training.state == "planned" else training_attend
    try:
        write(
            actor=actor_of(request),
            now=now_of(request),
            pk=training.pk,
            attended=lists["attended"],
            absent=lists["absent"],
            excused=lists["excused"],
        )
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _page(request, training, refusal=refusal)
    messages.success(request, f"Who was at {training.key} is recorded.")
    return redirect("compliance:training", training.key)


@require_POST
def training_cancelled(request: HttpRequest, key: str) -> HttpResponse:
    """Cancel a planned session."""
    pk = number_in(key, TRAINING_PREFIX)
    return step_taken(
        request,
        lambda said: training_cancel(
            actor=actor_of(request), now=now_of(request), pk=pk, reason=said["text"], version=said["version"]
        ),
        words=f"{key} is cancelled.",
        url=reverse("compliance:training", args=[key]),
    )


def _page(request: HttpRequest, training: Training, *, refusal: Refusal | None = None) -> HttpResponse:
    there = {str(row.person_id): row.outcome for row in training.attendances.all()}
    may_record = training.state != "cancelled" and may(
        actor_of(request), "training.record", case_of(training, now_of(request))
    )
    listed = people() if may_record else []
    if training.trainer_person_id:
        remember_people(request, [("user", str(training.trainer_person_id))])
    remember_people(request, (("user", person) for person in there))
    context = {
        "training": training,
        "there": sorted(there.items(), key=lambda one: one[1]),
        "outcomes": ATTENDANCE.items(),
        "people": [(pk, name, request.POST.get(f"person-{pk}", there.get(pk, ""))) for pk, name in listed],
        "words": ATTENDANCE,
        "refusal": refusal,
        "may_cancel": training.state == "planned" and may_record,
    }
    status = refusal.status if refusal else 200
    return render(request, "compliance/governance/training.html", context, status=status)
