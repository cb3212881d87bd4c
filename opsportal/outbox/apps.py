from datetime import timedelta

from django.apps import AppConfig

from opsportal.core.ports import worker_checks
from opsportal.outbox.ticks import expect


class OutboxConfig(AppConfig):
    name = "opsportal.outbox"
    label = "outbox"

    def ready(self) -> None:
        from opsportal.outbox import broker, panels, selectors

        panels.register()
        worker_checks.add("broker", broker.broker_check)
        worker_checks.add("ticks", selectors.ticks_check)
        worker_checks.add("outbox", selectors.lag_check)
        expect(
            "outbox.dispatch",
            every=timedelta(seconds=2),
            without_it="nobody is told of anything: messages wait in the database",
        )
        expect("outbox.prune", every=timedelta(minutes=10), without_it="the outbox grows")
