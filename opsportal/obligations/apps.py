from datetime import timedelta

from django.apps import AppConfig

from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect


class ObligationsConfig(AppConfig):
    name = "opsportal.obligations"
    label = "obligations"

    def ready(self) -> None:
        from opsportal.core.ports import standard_review_changed
        from opsportal.obligations import panels, permissions
        from opsportal.obligations.services.standard_review import review_changed

        permissions.register()
        panels.register()
        expect(
            "obligations.tick",
            every=timedelta(seconds=10),
            without_it="nobody is reminded, and no breach is noticed",
        )
        expect(
            "obligations.standard_review",
            every=timedelta(minutes=10),
            without_it="nobody notices that the standard waits for its review",
        )
        standard_review_changed.fill(review_changed)
        register_all(
            {
                "obligation.opened": "opened an obligation",
                "obligation.reminded": "reminded those who owe it",
                "obligation.breached": "found an obligation breached",
                "obligation.climbed": "took a breach further up",
                "obligation.met": "met an obligation",
                "obligation.met_late": "met an obligation late",
                "obligation.voided": "ended an obligation that is no longer needed",
                "obligation.waived": "waived an obligation",
                "obligation.handed_over": "handed an obligation over",
            }
        )
