from opsportal.notify.services.acknowledge import page_acknowledge
from opsportal.notify.services.choose import notifications_choose
from opsportal.notify.services.contacts import (
    contact_method_add,
    contact_method_remove,
    contact_method_send_code,
    contact_method_verify,
    contact_test,
    reach_plan_choose,
)
from opsportal.notify.services.deliver import deliveries_send
from opsportal.notify.services.gather import digests_close
from opsportal.notify.services.notify import notify
from opsportal.notify.services.paging import page, page_stop, pageable
from opsportal.notify.services.prune import (
    deliveries_prune,
    digests_prune,
    notifications_prune,
    pages_prune,
)
from opsportal.notify.services.read import notification_read, notifications_read_all
from opsportal.notify.services.remind import reach_remind
from opsportal.notify.services.repair import (
    delivery_dismiss,
    delivery_retry,
    handling_dismiss,
    handling_retry,
)
from opsportal.notify.services.targets import (
    target_add,
    target_change_address,
    target_exchange_secret,
    target_send,
    target_switch,
    target_test,
)
from opsportal.notify.services.watch import operators_warn

__all__ = [
    "contact_method_add",
    "contact_method_remove",
    "contact_method_send_code",
    "contact_method_verify",
    "contact_test",
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
    "page_acknowledge",
    "page_stop",
    "pageable",
    "pages_prune",
    "reach_plan_choose",
    "reach_remind",
    "target_add",
    "target_change_address",
    "target_exchange_secret",
    "target_send",
    "target_switch",
    "target_test",
]
