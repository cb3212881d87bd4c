"""What the fuzzed API holds, and who asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from changes.services.deployments import deployment_register
from changes.services.submission import change_submit
from compliance.services.audits.requests import request_open
from opsportal.accounts.models import User
from opsportal.accounts.scopes import SCOPES
from opsportal.catalog.services import provider_create
from opsportal.core.actor import Actor
from opsportal.standards.selectors import active_standard
from tests.auditing import SOON, accepted, action_of, make_crew
from tests.changing import HOUR, draft
from tests.deploying import body, make_stage, pipeline
from tests.makers import NOW, ROOT, make_token, make_user

CSRF = "f" * 32


@dataclass(frozen=True, slots=True)
class World:
    """Headers of each kind of actor, and values of path parameters that lead to something."""

    actors: dict[str, dict[str, str]]
    known: dict[str, list[str]]


def make_world() -> World:
    """Make one of everything, and somebody of each kind to ask for it."""
    cast = make_stage()
    requester = Actor.user(cast.requester.pk)
    window: dict[str, Any] = {"window_start": NOW + 48 * HOUR, "window_end": NOW + 50 * HOUR}
    changes = [draft(cast), draft(cast, **window), draft(cast, type="emergency")]
    for change in changes[1:]:
        change_submit(actor=requester, now=NOW + timedelta(minutes=1), pk=change.pk)
    deployment = deployment_register(actor=pipeline(), now=NOW, body=body()).deployment
    provider_create(actor=ROOT, now=NOW, slug="acquirer", name="Acquirer", owner_team=cast.team.slug)
    known = {
        "key": [
            *(change.key for change in changes),
            f"DEP-{deployment.pk}",
            "CHG-9999",
            "1",
            "BG-1",
            *_audit_keys(),
        ],
        "slug": ["payments-api", "production", "acquirer", "nothing-like-it"],
        "id": ["1", "2", "999999"],
        "verb": ["retire", "reinstate", "accept", "return", "verify"],
        "content_hash": [active_standard().content_hash],
        "reference": ["deploy-test", "baseline", active_standard().content_hash],
        "comment": ["1"],
        "attachment": ["1"],
    }
    reading = [scope for scope in SCOPES if scope.endswith(":read")]
    return World(
        actors={
            "nobody": {},
            "viewer": _bearer(reading),
            "pipeline": _bearer(SCOPES),
            "engineer": _session(cast.requester),
            "board": _session(cast.board[0]),
            "administrator": _session(make_user(staff=True)),
        },
        known=known,
    )


def _audit_keys() -> list[str]:
    """Make an audit with a finding, what is done about it, and a request; return their keys."""
    crew = make_crew()
    finding = accepted(crew)
    wanted = {"title": "Leavers", "owner": str(crew.owner.pk), "due_at": SOON}
    asked = request_open(actor=crew.lead.actor, now=NOW, audit=crew.audit.pk, fields=wanted)
    return [crew.audit.key, finding.key, action_of(crew, finding).key, asked.key]


def _bearer(scopes: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(scopes)[1]}"}


def _session(user: User) -> dict[str, str]:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    cookies = f"{settings.SESSION_COOKIE_NAME}={store.session_key}; {settings.CSRF_COOKIE_NAME}={CSRF}"
    return {"Cookie": cookies, "X-CSRFToken": CSRF}
