"""What every page's template may use, computed only when it is used."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest

from opsportal.web import navigation
from opsportal.web.requests import now_of

THEME_COOKIE = "opsportal_theme"
THEMES = ("light", "dark", "auto")


def theme_of(request: HttpRequest) -> str:
    """Return the reader's choice: light, dark, or auto (as the device says)."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def layout(request: HttpRequest) -> dict[str, Any]:
    """Return the layout's variables: nonce, theme, instant of the request, navigation."""
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "theme": theme_of(request),
        "now": now_of(request),
        "navigation": partial(navigation.navigation, request),
        "notifications_item": partial(navigation.item_of, request, navigation.NOTIFICATIONS),
    }
