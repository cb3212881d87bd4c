from opsportal.notify.models.channels import ChannelHealth
from opsportal.notify.models.deliveries import Delivery, DeliveryAttempt
from opsportal.notify.models.digests import Digest, DigestItem
from opsportal.notify.models.notifications import Notification
from opsportal.notify.models.settings import NotificationSettings

__all__ = [
    "ChannelHealth",
    "Delivery",
    "DeliveryAttempt",
    "Digest",
    "DigestItem",
    "Notification",
    "NotificationSettings",
]
