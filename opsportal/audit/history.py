"""Field history by django-simple-history, with the actor by value and the request that caused it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from simple_history.manager import HistoryDescriptor
from simple_history.models import HistoricalRecords

from opsportal.audit.models.append_only import HistoryBase
from opsportal.core.writes import current_write

MAX_REASON = 500


class SteadyHistory(HistoryDescriptor):  # type: ignore[misc]
    """`Model.history`, whose manager class is made once: the library makes one at each access."""

    def __init__(self, given: HistoryDescriptor) -> None:
        super().__init__(given.model, given.manager_class, given.queryset_class)
        self._manager = self.manager_class.from_queryset(self.queryset_class)

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        return self._manager(self.model, instance)


class OpsHistoricalRecords(HistoricalRecords):  # type: ignore[misc]
    """History rows that take who, when and why from the write under way, not from a web request."""

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        super().finalize(sender, **kwargs)
        if sender is self.cls:
            # Nothing is to come any more; migrations render thousands of models, which each would be told of.
            models.signals.class_prepared.disconnect(self.finalize)
        given = sender.__dict__.get(self.manager_name)
        if isinstance(given, HistoryDescriptor):
            setattr(sender, self.manager_name, SteadyHistory(given))

    def get_change_reason_for_object(
        self, instance: models.Model, history_type: str, using: str | None
    ) -> str:
        own = getattr(instance, "_change_reason", None)
        context = current_write()
        return str(own or (context.reason if context else "") or "")[:MAX_REASON]

    def get_history_user(self, instance: models.Model) -> str:
        context = current_write()
        return str(context.actor) if context else ""

    def create_historical_record(
        self, instance: models.Model, history_type: str, using: str | None = None
    ) -> None:
        context = current_write()
        if context is not None:
            instance._history_date = context.now  # type: ignore[attr-defined]
        super().create_historical_record(instance, history_type, using)


def _actor_of(historical: Any) -> str:
    return str(historical.history_user_id or "")


def _keep_actor(historical: Any, value: object) -> None:
    historical.history_user_id = str(value or "")


def history(excluded: Sequence[str] = ()) -> HistoricalRecords:
    """Return the history of a domain model. `excluded` names personal fields, which it must not keep.

    The actor stands by value as `kind:id`: a foreign key would have to be updated when a person is
    erased, and history rows cannot be updated.
    """
    return OpsHistoricalRecords(
        bases=[HistoryBase],
        excluded_fields=list(excluded),
        history_id_field=models.BigAutoField(),
        history_change_reason_field=models.CharField(max_length=MAX_REASON, blank=True, default=""),
        history_user_id_field=models.CharField(max_length=120, blank=True, default=""),
        history_user_getter=_actor_of,
        history_user_setter=_keep_actor,
    )
