from opsportal.notify.services.choose import notifications_choose
from opsportal.notify.services.deliver import deliveries_send
from opsportal.notify.services.gather import digests_close
from opsportal.notify.services.notify import notify
from opsportal.notify.services.paging import page, page_stop, pageable
from opsportal.notify.services.prune import deliveries_prune, digests_prune, notifications_prune
from opsportal.notify.services.read import notification_read, notifications_read_all
from opsportal.notify.services.repair import (
    delivery_dismiss,
    delivery_retry,
    handling_dismiss,
    handling_retry,
)
from opsportal.notify.services.watch import operators_warn

__all__ = [
    "deliveries_prune",
    "deliveries_send",
    "delivery_dismiss",
    "delivery_retry",
    "digests_close",
    "digests_prune",
    "handling_dismiss",
    "handling_retry",
    "notification_read",
    "notifications_choose",
    "notifications_prune",
    "notifications_read_all",
    "notify",
    "operators_warn",
    "page",
    "page_stop",
    "pageable",
]
