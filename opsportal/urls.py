"""The composition root: knows every app; nothing else does."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

from opsportal.api import urls as api_urls

# Looked through in this order: what pipelines ask all day stands first.
API = [
    "changes",
    "incidents",
    "compliance",
    "opsportal.accounts",
    "opsportal.catalog",
    "opsportal.calendar",
    "opsportal.standards",
    "opsportal.obligations",
    "opsportal.notify",
]
PAGES = [
    "opsportal.portal",
    "opsportal.accounts",
    "opsportal.catalog",
    "opsportal.calendar",
    "opsportal.standards",
    "opsportal.obligations",
    "opsportal.notify",
    "opsportal.outbox",
    "changes",
    "incidents",
    "compliance",
]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns = [
    *(path("api/v1/", include(f"{app}.api.urls")) for app in API if _exists(f"{app}.api.urls")),
    path("api/v1/", include(api_urls)),
    *(path("", include(f"{app}.api.root_urls")) for app in API if _exists(f"{app}.api.root_urls")),
    *(path("", include(f"{app}.web.urls")) for app in PAGES if _exists(f"{app}.web.urls")),
    path("accounts/", include("opsportal.accounts.web.sign_in_urls")),
    path("admin/", admin.site.urls),
]

handler400 = "opsportal.portal.web.errors.bad_request"
handler403 = "opsportal.portal.web.errors.forbidden"
handler404 = "opsportal.portal.web.errors.not_found"
handler500 = "opsportal.portal.web.errors.server_error"
