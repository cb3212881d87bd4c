"""The Celery application: JSON, no results, no acknowledgements. Messages wake; the truth is in tables."""

import os

from celery import Celery
from celery.signals import setup_logging
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")

# When the broker is lost, kombu would put back what the worker has fetched and not begun, by the very
# connection that has gone: that ends the whole worker. Ours are wake-ups: nothing has to be put back.
Channel.do_restore = False

app = Celery("opsportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Leave the logging that Django's settings set up alone; Celery would replace it otherwise."""
