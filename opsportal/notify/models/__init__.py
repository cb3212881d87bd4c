from opsportal.notify.models.channels import ChannelHealth
from opsportal.notify.models.contacts import ContactMethod, ReachPlan
from opsportal.notify.models.deliveries import Delivery, DeliveryAttempt
from opsportal.notify.models.digests import Digest, DigestItem
from opsportal.notify.models.notifications import Notification
from opsportal.notify.models.pages import Page
from opsportal.notify.models.settings import NotificationSettings
from opsportal.notify.models.targets import ChannelTarget

__all__ = [
    "ChannelHealth",
    "ChannelTarget",
    "ContactMethod",
    "Delivery",
    "DeliveryAttempt",
    "Digest",
    "DigestItem",
    "Notification",
    "NotificationSettings",
    "Page",
    "ReachPlan",
]
