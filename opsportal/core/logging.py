"""JSON log lines, one a line, with the correlation id and without secrets."""

from __future__ import annotations

import logging
import logging.config
import re
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from opsportal.core.correlation import correlation_id
from opsportal.core.secrecy import HIDDEN, blanked

_SECRET_NAMES = re.compile(r"password|secret|token|authorization|cookie|api[_-]?key|digest", re.IGNORECASE)


def hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank every value whose name sounds secret, and every token or URL password inside a text."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = HIDDEN
        elif not name.startswith("_"):  # structlog's own
            event[name] = _without_secrets(value)
    return event


def _without_secrets(value: Any) -> Any:
    match value:
        case str():
            return blanked(value)
        case dict():
            return hide_secrets(None, "", {str(name): inner for name, inner in value.items()})
        case list() | tuple():
            return [_without_secrets(inner) for inner in value]
        case None | bool() | int() | float():
            return value
        case _:
            return blanked(repr(value))  # as the line would show it


class SecretsHidden(logging.Filter):
    """Rewrites a line of a logger that has its own handlers and forms, as the web server's have."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = blanked(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = blanked("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return True


_SERVERS = ("gunicorn.error", "gunicorn.access")
"""They name the request line, and do not pass what they say on to the root."""
_secrets_hidden = SecretsHidden()


def add_correlation(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the correlation id in force on the line."""
    if identifier := correlation_id():
        event.setdefault("correlation_id", identifier)
    return event


def logging_config(*, level: str) -> None:
    """Send all log lines of the process, ours and the libraries', to standard error as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_correlation,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer(sort_keys=True),
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Django names bodies and addresses in these; our own access line says what is needed.
                "django.server": {"level": "WARNING"},
                "django.request": {"level": "ERROR"},
                # Somebody chose a large file: no error of ours, and told in one line where it is answered.
                "django.security.RequestDataTooBig": {"level": "CRITICAL"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
            },
        }
    )
    for name in _SERVERS:
        logging.getLogger(name).addFilter(_secrets_hidden)
