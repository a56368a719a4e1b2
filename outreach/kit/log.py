"""Logging set-up: every record is one event with its fields, as text for a person or as JSON."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor, WrappedLogger

_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "credential", "api_key")
_QUIET = ("celery.beat", "celery.app.trace", "celery.worker.strategy", "asyncio", "imapclient", "mail.log")

_API_KEY = re.compile(r"(okey_[0-9a-f]{12}_)[A-Za-z0-9_-]+")  # outreach/accounts/keys.py

_Event = MutableMapping[str, Any]


def configure(options: dict[str, Any]) -> None:
    """Set up logging for Django, Celery and the program. `options["json"]` chooses JSON lines.

    Called by Django with settings.LOGGING; Celery's own set-up is switched off in outreach.celery.
    """
    shared = _shared_processors()
    tail: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if options.get("json"):
        tail += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        # Plain: the default formatter prints local variables, and with them passwords.
        plain = structlog.dev.plain_traceback
        tail.append(structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "event": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": tail,
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            "loggers": {name: {"level": "WARNING"} for name in _QUIET},
        }
    )


def mask_secrets(_logger: WrappedLogger, _method: str, event: _Event) -> _Event:
    """Hide the value of every field whose name tells of a secret, and API keys wherever they stand.

    A careless log line must leak nothing; an address that somebody has put their key into is written down, too.
    """
    event.pop("request", None)  # Django's own records carry the whole request
    for name, value in event.items():
        if name != "event" and any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = _API_KEY.sub(r"\1***", value)
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        mask_secrets,
    ]
