"""`manage.py classify_bounce`: one JSON object for each mail or reply, without settings, database or exception."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BOUNCE = b"""From: MAILER-DAEMON@mx.example
Subject: failure notice

Hi. This is the qmail-send program at mx.example.
<anna@acme.test>:
Sorry, no mailbox here by that name. (#5.1.1)
"""
KEYS = {"path", "is_bounce", "kind", "category", "type", "recipients", "status", "evidence"}


def run(*arguments: str, given: bytes = b"") -> tuple[list[dict[str, Any]], str, int]:
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    done = subprocess.run(
        [sys.executable, "manage.py", "classify_bounce", *arguments],
        cwd=ROOT, env=bare, input=given, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode(), done.returncode


def test_a_mail_on_standard_input() -> None:
    (answer,), _, code = run("-", given=BOUNCE)
    assert code == 0
    assert set(answer) >= KEYS
    assert (answer["path"], answer["is_bounce"], answer["kind"]) == ("-", True, "bounce")
    assert (answer["category"], answer["type"], answer["status"]) == ("bad_mailbox", "hard", "5.1.1")
    assert answer["recipients"] == ["anna@acme.test"]
    assert answer["evidence"][0]["layer"] == "free-form"


def test_files_and_directories_in_order_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.eml").write_bytes(BOUNCE)
    (tmp_path / "in" / "a.eml").write_bytes(b"From: anna@acme.test\nSubject: Re: hi\n\nGladly.\n")
    answers, told, code = run(str(tmp_path / "missing.eml"), str(tmp_path / "in"))
    assert [(Path(one["path"]).name, one["kind"], one["type"]) for one in answers] == [
        ("a.eml", "human_reply", "none"),
        ("b.eml", "bounce", "hard"),
    ]
    assert code == 1
    assert "missing.eml: No such file" in told


def test_replies_one_a_line() -> None:
    answers, _, code = run("--reply", given=b"550 5.1.1 No such user\r\n\r\n452 4.2.2 Mailbox full\n\xff\xfe\n")
    assert code == 0
    assert [(one["category"], one["type"]) for one in answers[:2]] == [
        ("bad_mailbox", "hard"),
        ("mailbox_full", "soft"),
    ]
    assert len(answers) == 3


def test_nothing_to_do_is_refused() -> None:
    assert run()[2] == 2
    assert run("--reply", "x.eml")[2] == 2
