from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.env import ROOT
from outreach.kit.log import mask_secrets
from tests.outreach.embedded.up import clean_env

SCENE = """
import logging, structlog
from outreach.kit.log import configure
configure({"json": %r})
structlog.get_logger("outbox").info("mail sent", message_id=7, smtp_password="hunter2")
logging.getLogger("celery.worker").warning("lost %%s", "broker", extra={"api_token": "hunter2"})
def send(password):
    raise ConnectionError("refused")
try:
    send("hunter2")
except ConnectionError:
    structlog.get_logger("outbox").exception("failed")
"""


def log(folder: Path, *, as_json: bool) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCENE % as_json],
        cwd=ROOT, env=clean_env(folder), capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert not done.stdout
    return done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_never_reach_the_log_not_even_in_a_traceback(tmp_path: Path, *, as_json: bool) -> None:
    text = log(tmp_path, as_json=as_json)
    assert "ConnectionError: refused" in text
    assert "hunter2" not in text


def test_json_is_one_object_per_line_with_fields(tmp_path: Path) -> None:
    sent, lost, failed = [json.loads(line) for line in log(tmp_path, as_json=True).splitlines()]
    assert (sent["event"], sent["message_id"], sent["level"], sent["logger"]) == (
        "mail sent",
        7,
        "info",
        "outbox",
    )
    assert sent["smtp_password"] == "***"
    assert (lost["event"], lost["api_token"]) == ("lost broker", "***")
    assert "Traceback" in failed["exception"]
    assert all(record["timestamp"].endswith("Z") for record in (sent, lost, failed))


def test_text_of_the_event_itself_is_kept() -> None:
    event = {"event": "password changed", "user_id": 3, "Authorization": "Bearer x"}
    assert mask_secrets(None, "info", event) == {
        "event": "password changed", "user_id": 3, "Authorization": "***",
    }  # fmt: skip
