"""Who hears of what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsportal.outbox import topics
from opsportal.outbox.topics import Message


@pytest.fixture(autouse=True)
def _own_topics(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(topics, "_handlers", {})
    return iter([None])


def first(message: Message) -> None:
    """Do nothing."""


def second(message: Message) -> None:
    """Do nothing either."""


def test_each_topic_has_its_own_handlers_in_order_of_registration() -> None:
    topics.on("a.happened", "one", first)
    topics.on("a.happened", "two", second)
    topics.on("b.happened", "one", second)
    assert topics.handler_names("a.happened") == ("one", "two")
    assert topics.handler_names("c.happened") == ()
    assert topics.handler_of("b.happened", "one") is second


def test_registering_the_same_again_is_no_harm_but_another_under_the_same_name_is_refused() -> None:
    topics.on("a.happened", "one", first)
    topics.on("a.happened", "one", first)
    with pytest.raises(ValueError, match="has a handler 'one' already"):
        topics.on("a.happened", "one", second)
    assert topics.handler_of("a.happened", "one") is first


def test_a_handler_that_this_version_lacks_is_looked_up_in_vain() -> None:
    with pytest.raises(LookupError, match="no handler 'gone' for topic 'a.happened'"):
        topics.handler_of("a.happened", "gone")
