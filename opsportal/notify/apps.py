from datetime import timedelta

from django.apps import AppConfig

from opsportal.audit.actions import register_all
from opsportal.core.ports import worker_checks
from opsportal.outbox import topics
from opsportal.outbox.ticks import expect


class NotifyConfig(AppConfig):
    name = "opsportal.notify"
    label = "notify"

    def ready(self) -> None:
        from opsportal.notify import handlers, panels, permissions, selectors
        from opsportal.notify.channels import channels, ways
        from opsportal.notify.channels.email import EmailChannel

        permissions.register()
        panels.register()
        mail = EmailChannel()
        channels.add("email", mail)
        ways.add("email", mail)
        handlers.register_topics()
        topics.on("accounts.user.erased", "notify.erased", handlers.on_erased)
        topics.on("accounts.deputy.named", "notify.deputy", handlers.on_deputy)
        topics.on("accounts.deputy.ended", "notify.deputy", handlers.on_deputy)
        topics.on("obligations.reminder", "notify.reminder", handlers.on_reminder)
        topics.on("obligations.breached", "notify.breached", handlers.on_breached)
        topics.on("obligations.climbed", "notify.climbed", handlers.on_climbed)
        worker_checks.add("channels", selectors.channels_check)
        expect("notify.deliver", every=timedelta(seconds=3), without_it="no e-mail goes out")
        expect("notify.digest", every=timedelta(seconds=30), without_it="no digest goes out")
        expect("notify.watch", every=timedelta(minutes=1), without_it="no administrator is told of failures")
        expect("notify.prune", every=timedelta(minutes=10), without_it="the list of deliveries grows")
        register_all(
            {
                "outbox.retried": "let a message be handled again",
                "outbox.dismissed": "dismissed a message",
                "delivery.retried": "let a delivery be sent again",
                "delivery.dismissed": "dismissed a delivery",
                "notifications.chosen": "changed which news come, and when",
            }
        )
