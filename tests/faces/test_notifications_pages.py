"""The inbox, and the operators' page."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import User
from opsportal.notify.models import ChannelHealth, Delivery, Notification, NotificationSettings
from opsportal.notify.services import notify
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.outbox.ticks import ticks
from tests.makers import NOW, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada Example")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(ada: User) -> Client:
    return signed_in(ada)


@pytest.fixture
def operator() -> Client:
    return signed_in(make_user(staff=True))


def tell(user: User, number: int = 1, **more: Any) -> Notification:
    values: dict[str, Any] = {"subject": f"News {number}", "body": "It <i>happened</i>.", "url": "/changes/"}
    at = NOW - timedelta(minutes=number)
    (row,) = notify(now=at, message_key=f"k{number}", recipients=[user.pk], **{**values, **more})
    return row


def text_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_an_empty_inbox_says_what_will_come(client: Client) -> None:
    text = text_of(client.get("/notifications/"))
    assert "Nothing yet" in text
    assert "Mark all as read" not in text


def test_the_inbox_shows_what_i_was_told_newest_first_escaped_and_counts_the_unread(
    client: Client, ada: User
) -> None:
    tell(ada, 2)
    tell(ada, 1)
    tell(make_user(), 3)
    text = text_of(client.get("/notifications/"))
    assert text.index("News 1") < text.index("News 2")
    assert "News 3" not in text
    assert "It &lt;i&gt;happened&lt;/i&gt;." in text
    assert "Notifications, 2 unread" in text


def test_a_long_inbox_goes_on_for_pages(client: Client, ada: User) -> None:
    for number in range(1, 31):
        tell(ada, number)
    first = client.get("/notifications/")
    following = first.context["page"].next
    assert [row.subject for row in first.context["page"].items] == [f"News {n}" for n in range(1, 26)]
    second = client.get(f"/notifications/?{following}")
    assert [row.subject for row in second.context["page"].items] == [f"News {n}" for n in range(26, 31)]
    back = client.get(f"/notifications/?{second.context['page'].previous}")
    assert [row.subject for row in back.context["page"].items] == [f"News {n}" for n in range(1, 26)]
    assert client.get("/notifications/?after=nonsense").status_code == 400


def test_opening_one_marks_it_read_and_leads_there(client: Client, ada: User) -> None:
    row = tell(ada)
    response = client.post(f"/notifications/{row.pk}/read/", {"open": "1"})
    assert (response.status_code, response["Location"]) == (302, "/changes/")
    row.refresh_from_db()
    assert row.read_at == NOW


def test_one_that_leads_nowhere_is_only_marked(client: Client, ada: User) -> None:
    row = tell(ada, url="")
    assert client.post(f"/notifications/{row.pk}/read/")["Location"] == "/notifications/"


def test_all_are_marked_at_once(client: Client, ada: User) -> None:
    tell(ada, 1)
    tell(ada, 2)
    text = text_of(client.post("/notifications/read/", follow=True))
    assert "2 marked as read." in text
    assert not Notification.objects.filter(read_at=None).exists()


def test_a_get_marks_nothing_and_anothers_is_not_found(client: Client, ada: User) -> None:
    mine, other = tell(ada, 1), tell(make_user(), 2)
    with nothing_written(at_an_edge=True):
        assert client.get(f"/notifications/{mine.pk}/read/").status_code == 405
        assert client.get("/notifications/read/").status_code == 405
        assert client.post(f"/notifications/{other.pk}/read/").status_code == 404
        assert client.post(f"/notifications/{uuid.uuid4()}/read/").status_code == 404


def make_trouble(ada: User) -> tuple[OutboxMessage, Delivery]:
    message = OutboxMessage.objects.create(
        message_id=uuid.uuid4(),
        topic="changes.submitted",
        handler="changes.tell",
        key="CHG-7",
        payload={},
        state="dead",
        attempt=12,
        created_at=NOW,
        finished_at=NOW,
        error="KeyError at x.py:1",
    )
    delivery = tell(ada).deliveries.get()
    Delivery.objects.update(state="dead", due_at=None, finished_at=NOW, error="smtp 550 5.1.1", attempt=1)
    return message, delivery


def test_an_operator_sees_ticks_and_what_was_given_up(operator: Client, ada: User) -> None:
    for name in ticks:
        Heartbeat.objects.create(name=name, finished_at=NOW)
    Heartbeat.objects.filter(name="obligations.tick").update(finished_at=NOW - timedelta(minutes=5))
    text = text_of(operator.get("/operations/"))
    assert text.count("Stands still") == 1
    assert text.count("None</p>") == 2
    make_trouble(ada)
    ChannelHealth.objects.create(
        name="email", failing_since=NOW, failures=3, paused_until=NOW, error="ConnectionRefusedError"
    )
    text = text_of(operator.get("/operations/"))
    for part in (
        "changes.submitted",
        "KeyError at x.py:1",
        "CHG-7",
        "Ada Example",
        "smtp 550 5.1.1",
        "email is away",
        "ConnectionRefusedError, 3 times in a row",
    ):
        assert part in text


def test_an_operator_retries_and_dismisses(operator: Client, ada: User) -> None:
    message, delivery = make_trouble(ada)
    assert "tried again at once" in text_of(
        operator.post(f"/operations/messages/{message.pk}/retry/", follow=True)
    )
    assert "sent again at once" in text_of(
        operator.post(f"/operations/deliveries/{delivery.pk}/retry/", follow=True)
    )
    assert OutboxMessage.objects.get().state == "waiting"
    assert Delivery.objects.get().state == "waiting"
    assert operator.post(f"/operations/messages/{message.pk}/retry/").status_code == 409
    OutboxMessage.objects.update(state="dead", due_at=None)
    Delivery.objects.update(state="dead", due_at=None)
    operator.post(f"/operations/messages/{message.pk}/dismiss/")
    operator.post(f"/operations/deliveries/{delivery.pk}/dismiss/")
    assert OutboxMessage.objects.get().state == "dismissed"
    assert Delivery.objects.get().state == "dismissed"


def test_nobody_else_sees_or_touches_the_works(client: Client, ada: User) -> None:
    message, delivery = make_trouble(ada)
    with nothing_written(at_an_edge=True):
        assert client.get("/operations/").status_code == 403
        for path in (f"messages/{message.pk}", f"deliveries/{delivery.pk}"):
            for verb in ("retry", "dismiss"):
                assert client.post(f"/operations/{path}/{verb}/").status_code == 403
        assert Client().get("/operations/").status_code == 302
        assert Client().post(f"/operations/messages/{message.pk}/retry/").status_code == 302


def test_home_says_loudly_that_the_background_work_stands_still_and_operators_see_what_was_given_up(
    client: Client, operator: Client, ada: User
) -> None:
    for name in ticks:
        Heartbeat.objects.create(name=name, finished_at=NOW)
    Heartbeat.objects.filter(name="outbox.dispatch").update(finished_at=NOW - timedelta(seconds=61))
    text = text_of(client.get("/"))
    assert "The background work stands still" in text
    assert "Meanwhile, nobody is told of anything: messages wait in the database." in text
    Heartbeat.objects.update(finished_at=NOW)
    assert "The background work stands still" not in text_of(client.get("/"))
    make_trouble(ada)
    assert "Not delivered" not in text_of(client.get("/"))
    text = text_of(operator.get("/"))
    assert "Not delivered" in text
    assert "2 given up" in text


def test_ready_shows_stale_ticks_and_is_503_for_a_worker_only(client: Client) -> None:
    for name in ticks:
        Heartbeat.objects.create(name=name, finished_at=NOW)  # long ago by the database's own clock
    checks = client.get("/ready?for=worker")
    assert checks.status_code == 503
    assert checks.json()["checks"]["ticks"]["status"] == "fail"
    assert "outbox.dispatch stands still" in checks.json()["checks"]["ticks"]["detail"]
    assert checks.json()["checks"]["outbox"]["status"] == "ok"
    assert checks.json()["checks"]["channels"]["status"] == "ok"
    assert client.get("/ready").json()["checks"]["ticks"]["status"] == "fail"


@pytest.mark.parametrize(
    "model",
    [
        "outbox/outboxmessage",
        "outbox/heartbeat",
        "notify/notification",
        "notify/delivery",
        "notify/deliveryattempt",
        "notify/channelhealth",
        "obligations/obligation",
        "obligations/excuse",
    ],
)
def test_the_admin_shows_every_model_and_lets_nothing_be_added(
    operator: Client, ada: User, model: str
) -> None:
    message, delivery = make_trouble(ada)
    assert operator.get(f"/admin/{model}/").status_code == 200
    assert operator.get(f"/admin/{model}/add/").status_code == 403
    assert operator.get(f"/admin/outbox/outboxmessage/{message.pk}/change/").status_code == 200
    assert operator.get(f"/admin/notify/delivery/{delivery.pk}/change/").status_code == 200
    assert (
        operator.post(f"/admin/notify/delivery/{delivery.pk}/change/", {"state": "sent"}).status_code == 403
    )
    assert operator.post(f"/admin/notify/delivery/{delivery.pk}/delete/", {"post": "yes"}).status_code == 403
    delivery.refresh_from_db()
    assert delivery.state == "dead"


def test_the_admin_sends_again_and_dismisses_by_the_same_services(operator: Client, ada: User) -> None:
    _, delivery = make_trouble(ada)

    def act(action: str, **more: str) -> Any:
        return operator.post(
            "/admin/notify/delivery/",
            {"action": action, "_selected_action": str(delivery.pk), **more},
            follow=True,
        )

    yes = {"sure": "1", "reason": "The server is back"}
    assert "Sent again: 1." in text_of(act("retry", **yes))
    assert "possible: finish, give_up, skip" in text_of(act("retry", **yes))
    Delivery.objects.update(state="dead", due_at=None)
    assert "Dismiss these deliveries for good?" in text_of(act("dismiss"))
    assert Delivery.objects.get().state == "dead"
    act("dismiss", **yes)
    assert Delivery.objects.get().state == "dismissed"


def test_a_message_with_a_number_that_no_database_holds_is_not_found(operator: Client) -> None:
    with nothing_written(at_an_edge=True):
        assert operator.post(f"/operations/messages/{'9' * 30}/retry/").status_code == 404


def test_i_choose_what_i_am_told_and_when(client: Client, ada: User) -> None:
    path = "/account/notifications/"
    text = text_of(client.get(path))
    assert "Votes that wait for me" in text
    assert "Trouble of the portal itself" not in text
    typed = {
        "version": "0",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "quiet_days": ["0", "4"],
        "digest": "daily",
        "digest_at": "09:30",
        "route_obligations.reminder": "email",
    }
    assert "Saved." in text_of(client.post(path, typed, follow=True))
    row = NotificationSettings.objects.get()
    assert (row.user, str(row.quiet_from), row.quiet_days) == (ada, "22:00:00", [0, 4])
    assert (row.routes["obligations.reminder"], row.routes["changes.mine"]) == (["email"], [])
    with nothing_written(at_an_edge=True):
        assert "Read it again" in text_of(client.post(path, typed), 409)
        assert "20 hours at most" in text_of(
            client.post(path, {**typed, "version": "1", "quiet_until": "21:00"}), 400
        )
        assert "time of day" in text_of(client.post(path, {**typed, "version": "1", "digest_at": "x"}), 400)
        assert client.post(path, {**typed, "quiet_days": "9"}).status_code == 400
