"""Pages as a person sees them, without a browser."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from opsportal.accounts.models import User

HTMX = {"HX-Request": "true"}


def as_(user: User, **options: Any) -> Client:
    """Return a browser in which `user` is signed in. Writes nothing but the session: no last sign-in."""
    client = Client(**options)
    session = client.session
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return client


def shown(client: Client, path: str, status: int = 200) -> str:
    """Return the text of a page, which answers `status`."""
    return text_of(client.get(path), status)


def text_of(response: Any, status: int = 200) -> str:
    """Return the text of an answer, which has `status`."""
    assert response.status_code == status, response.content.decode()
    return str(response.content.decode())
