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
        from opsportal.notify.channels.every import register_ways

        permissions.register()
        panels.register()
        mail = EmailChannel()
        channels.add("email", mail)
        ways.add("email", mail)
        register_ways()
        handlers.register_topics()
        topics.on("accounts.user.erased", "notify.erased", handlers.on_erased)
        topics.on("accounts.deputy.named", "notify.deputy", handlers.on_deputy)
        topics.on("accounts.deputy.ended", "notify.deputy", handlers.on_deputy)
        topics.on("catalog.provider.reminded", "notify.key_ending", handlers.on_key_ending)
        topics.on("obligations.reminder", "notify.reminder", handlers.on_reminder)
        topics.on("obligations.breached", "notify.breached", handlers.on_breached)
        topics.on("obligations.climbed", "notify.climbed", handlers.on_climbed)
        worker_checks.add("channels", selectors.channels_check)
        expect("notify.deliver", every=timedelta(seconds=3), without_it="no e-mail goes out")
        expect("notify.digest", every=timedelta(seconds=30), without_it="no digest goes out")
        expect("notify.watch", every=timedelta(minutes=1), without_it="no administrator is told of failures")
        expect(
            "notify.reach",
            every=timedelta(hours=1),
            without_it="nobody is asked to test their pages",
        )
        expect("notify.prune", every=timedelta(minutes=10), without_it="the list of deliveries grows")
        register_all(
            {
                "outbox.retried": "let a message be handled again",
                "outbox.dismissed": "dismissed a message",
                "delivery.retried": "let a delivery be sent again",
                "delivery.dismissed": "dismissed a delivery",
                "contact.added": "added a way to be reached",
                "contact.verified": "verified a way to be reached",
                "contact.removed": "removed a way to be reached",
                "contact.tested": "tested a way to be reached",
                "contact.ordered": "changed in which order they are paged",
                "page.acknowledged": "acknowledged a page",
                "target.added": "set up a channel target",
                "target.address_changed": "changed where a channel target leads",
                "target.secret_exchanged": "exchanged the secret of a channel target",
                "target.switched_on": "switched a channel target on",
                "target.switched_off": "switched a channel target off",
                "target.tested": "tested a channel target",
                "notifications.chosen": "changed which news come, and when",
            }
        )
