"""What docs/compliance.md and docs/integrations.md show of the API is answered, under the baseline."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from compliance.services.controls.frameworks import frameworks_install
from tests.makers import make_service, make_token, make_user
from tests.packs import activate

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[2] / "docs"
GETS = re.findall(r"^    GET (/api/v1/\S+)", (DOCS / "compliance.md").read_text("utf-8"), re.MULTILINE)


def test_every_read_that_is_shown_is_answered() -> None:
    activate("baseline")
    make_service("payments-api")
    admin = make_user(staff=True)
    frameworks_install(actor=admin.actor, now=datetime.now(UTC))
    client = Client()
    client.force_login(admin)
    assert len(GETS) > 3
    assert {path: client.get(path).status_code for path in GETS} == dict.fromkeys(GETS, 200)


def test_the_measurements_that_are_shown_are_kept() -> None:
    activate("baseline")
    make_service("payments-api")
    text = (DOCS / "integrations.md").read_text("utf-8")
    shown = re.search(r"api/v1/measurements/\".*? -d '(\[.*?\])'", text, re.DOTALL)
    assert shown
    _, secret = make_token(["measurements:write"], now=datetime.now(UTC))
    body = json.dumps([{**one, "at": datetime.now(UTC).isoformat()} for one in json.loads(shown[1])])
    answer = Client().post(
        "/api/v1/measurements/", body, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {secret}"
    )
    assert (answer.status_code, answer.json()["rejected"]) == (201, [])
