"""Every domain model has a history or only grows, and neither keeps a personal value."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from opsportal.audit.triggers import append_only_models

OURS = ("opsportal.", "changes", "incidents", "compliance")
# What the portal keeps of its own working: not what an organisation decides or states.
WORKINGS = {
    "api.IdempotencyRecord": "answers kept for a week",
    "web.SentForm": "forms that were carried out, kept for a day",
    "compliance.ConformanceState": "what was found last of each rule; its turns only grow",
    "incidents.Alert": "derived from its messages, which only grow",
    "compliance.Series": "what is measured of whom, made by the first point that arrives",
    "compliance.Measurement": "points of machines, inserted once; each batch has an audit entry",
    "compliance.Rollup": "sums of hours and days, derived from the points",
    "compliance.ReportMail": "copies of a report on their way",
    "changes.SearchDocument": "words of a change for search, derived from it",
    "outbox.OutboxMessage": "messages on their way, deleted after a week",
    "outbox.Heartbeat": "when each tick last ran",
    "incidents.StatusSubscriber": "who asked to be told by mail; erased when they leave",
    "incidents.StatusMail": "mails to them on their way, deleted after a week",
    "incidents.StatusCopy": "which edition of the static copy was written",
    "notify.Notification": "what somebody was told; its text is erased with the person",
    "notify.Delivery": "mails on their way, deleted after a week",
    "notify.DeliveryAttempt": "tries of a mail, deleted with it",
    "notify.Digest": "mails that gather, deleted after a week",
    "notify.DigestItem": "what a digest lists, deleted with it",
    "notify.Page": "the ledger of pages: each attempt is a row beneath; erased with the person",
    "notify.ChannelHealth": "whether the mail server answered",
    "incidents.PublishedShift": "shifts as people were last told of them, derived from the schedule",
    "incidents.Publication": "how far a schedule was published",
    "incidents.ToldGap": "gaps that were told of, so that they are told of once",
    "incidents.RunbookLink": "whether addresses in runbooks answer, found out again each day",
    "compliance.DocumentLink": "whether addresses of documents answer, found out again each day",
}
PERSONAL = {"email", "full_name", "password", "last_login", "first_name", "last_name", "address", "phone"}


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith(OURS)]


def test_every_domain_model_has_a_history_or_only_grows() -> None:
    bare = {
        model._meta.label
        for model in our_models()
        if not hasattr(model, "history") and not getattr(model, "append_only", False)
    }
    assert bare == set(WORKINGS)


@pytest.mark.parametrize("model", append_only_models(), ids=lambda model: model._meta.label)
def test_what_can_never_be_changed_keeps_no_personal_value(model: type[models.Model]) -> None:
    assert not {field.name for field in model._meta.get_fields()} & PERSONAL


@pytest.mark.parametrize("model", append_only_models(), ids=lambda model: model._meta.label)
def test_what_can_never_be_changed_is_not_deleted_with_something_else(model: type[models.Model]) -> None:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            assert field.remote_field.on_delete in {models.PROTECT, models.DO_NOTHING}, field.name
