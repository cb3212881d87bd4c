from opsportal.notify.models.channels import ChannelHealth
from opsportal.notify.models.deliveries import Delivery, DeliveryAttempt
from opsportal.notify.models.notifications import Notification

__all__ = ["ChannelHealth", "Delivery", "DeliveryAttempt", "Notification"]
