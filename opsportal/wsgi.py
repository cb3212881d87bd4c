"""The WSGI application that gunicorn serves.

All that answering a request needs is loaded here, once, by gunicorn's master. Django would load the pages at
the first request of each web process: one that is forked while a release replaces the files would run the
pages of the next release on the models of this one, and crash.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.template import engines
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")

application = get_wsgi_application()
engines.all()
get_resolver().url_patterns  # noqa: B018 - looking at them loads them

# What a request leaves behind is freed without the garbage collector, but for little, and each of its looks
# makes one request wait: it never looks at what is loaded here, and at the rest seldom.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 100)
