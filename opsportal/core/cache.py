"""A cache that outlives its server: rate limits must not turn a lost Redis into a broken sign-in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSlow

RETRY_AFTER = 5.0
log = structlog.get_logger(__name__)


def _either(name: str) -> Callable[..., Any]:
    def method(self: SteadyCache, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= SteadyCache.away_until:
            try:
                return getattr(RedisCache, name)(self, *args, **kwargs)
            except (RedisAway, RedisSlow) as error:
                SteadyCache.away_until = time.monotonic() + RETRY_AFTER
                log.warning("cache_away", error=str(error))
        return getattr(self.local, name)(*args, **kwargs)

    method.__name__ = name
    return method


class SteadyCache(RedisCache):
    """Redis; while that is away, the memory of this process, asked again every few seconds.

    What is counted here (attempts to sign in) is then counted for each process by itself: less
    strict, but neither without limit nor a crash.
    """

    away_until = 0.0

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.local = LocMemCache("steady", {**params, "OPTIONS": {}})

    add = _either("add")
    get = _either("get")
    set = _either("set")
    touch = _either("touch")
    delete = _either("delete")
    get_many = _either("get_many")
    has_key = _either("has_key")
    incr = _either("incr")
    set_many = _either("set_many")
    delete_many = _either("delete_many")
    clear = _either("clear")
