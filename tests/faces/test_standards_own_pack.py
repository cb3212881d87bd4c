"""A pack that nobody has shipped takes effect on the page and in the API, without a line of code.

It has a role, a stage, a threshold and a deadline that no shipped pack has.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from opsportal.accounts.models import Role
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard
from tests.makers import make_token, make_user
from tests.packs import own_pack

pytestmark = pytest.mark.django_db

PACK = own_pack(
    """
    [[role]]
    id = "release-shepherd"
    title = "Release Shepherd"
    kind = "job"

    [[metric]]
    id = "queue_depth"
    title = "Messages that wait"
    type = "number"

    [[rule]]
    id = "shepherd-blessing"
    kind = "gate"
    title = "Two shepherds bless what goes to production"
    applies_to = "change.submit"
    when = 'change.production and change.type == "normal"'
    demand.stage = { id = "blessing", title = "Blessing", order = 7, role = "release-shepherd", quorum = 2 }
    source = { section = "Herding", line = 3, quote = "Two shepherds bless it." }

    [[rule]]
    id = "queue-too-deep"
    kind = "target"
    title = "A rollout stops when 777 messages wait"
    applies_to = "deployment.rollout"
    when = "metric.queue_depth >= 777"
    demand = { action = "hold" }
    message = "Too many messages wait. Let the queue run down first."
    source = { section = "Herding", line = 4, quote = "Stop at 777." }

    [[rule]]
    id = "blessed-in-time"
    kind = "obligation"
    title = "The shepherds bless within 77 minutes"
    applies_to = "change.stage_opened"
    when = 'stage.id == "blessing"'
    source = { section = "Herding", line = 5, quote = "Within 77 minutes." }
    [rule.demand.owe]
    what = "Bless the change"
    owner = "stage"
    within = "77m"
    met_by = ["change.stage_decided"]
    remind = ["17m"]
    climb = [{ after = "7m", role = "release-shepherd" }]
    """,
).replace("Our own standard", "The Shepherds' Standard")


@pytest.fixture
def activated(tmp_path: Path) -> None:
    file = tmp_path / "shepherds.toml"
    file.write_text(PACK)
    call_command("standard", "activate", str(file))


def test_the_page_shows_it(activated: None) -> None:
    client = Client()
    client.force_login(make_user())
    html = client.get("/standards/active/").content.decode()
    assert "The Shepherds&#x27; Standard" in html
    assert 'id="rule-shepherd-blessing"' in html
    assert (
        "Stage 7, Blessing: 2 holders of the role Release Shepherd must approve; one reject ends it." in html
    )
    assert "the metric “queue_depth” (Messages that wait) is at least 777" in html
    assert "Whoever decides the stage owes within 77 minutes: Bless the change;" in html
    assert "Two shepherds bless it." in html


def test_the_api_shows_it(activated: None) -> None:
    _, secret = make_token(["standards:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    body = client.get("/api/v1/standards/active/").json()
    assert body["name"] == "own"
    demands = {rule["id"]: rule["demand"] for rule in body["rules"]}
    assert demands["shepherd-blessing"]["stage"]["quorum"] == 2
    assert demands["shepherd-blessing"]["stage"]["role"] == ["release-shepherd"]
    assert demands["blessed-in-time"]["owe"]["within"] == "77m"


def test_its_role_can_be_held(activated: None) -> None:
    assert Role.objects.get(slug="release-shepherd").kind == "job"


def test_the_engine_decides_by_it(activated: None) -> None:
    standard = active_standard()
    (stage,) = engine.stages(standard, "change.submit", {"change.production": True, "change.type": "normal"})
    assert (stage.demand.id, stage.demand.role, stage.demand.quorum) == ("blessing", "release-shepherd", 2)
    (action,) = engine.actions(standard, "deployment.rollout", {"metric.queue_depth": 777})
    assert (action.action, action.rule.id) == ("hold", "queue-too-deep")
    (owed,) = engine.owed(standard, "change.stage_opened", {"stage.id": "blessing"})
    assert owed.demand.within.total_seconds() == 77 * 60
