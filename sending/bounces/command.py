"""`manage.py classify_bounce`: say what mails or SMTP replies mean, one JSON object a line; needs no settings."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sending.bounces.kinds import Kind, Verdict
from sending.bounces.mail import parse_mail
from sending.bounces.mails import classify_mail
from sending.bounces.replies import classify_line

STDIN = "-"
_BOUNCES = frozenset({Kind.BOUNCE, Kind.DELAYED})


def main(arguments: Sequence[str]) -> int:
    """Print {"path", "is_bounce", "kind", "category", "type", "recipients", "status", "evidence", ...} for each mail.

    Return 0, or 1 where a path could not be read, which standard error says.
    """
    parser = argparse.ArgumentParser(prog="manage.py classify_bounce", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files of one mail each, directories of them, or -")
    parser.add_argument("--reply", action="store_true", help="read SMTP replies from standard input, one a line")
    chosen = parser.parse_args(arguments)
    if chosen.reply == bool(chosen.paths):
        parser.error("name mails, or give --reply and the replies on standard input")
    if chosen.reply:
        for line in sys.stdin.buffer:
            if reply := line.decode("utf-8", "replace").strip():
                _tell({"reply": reply, **as_told(classify_line(reply))})
        return 0
    unread = [path for path in _files(chosen.paths) if not _classified(path)]
    return 1 if unread else 0


def as_told(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict in the words of the command."""
    return {
        "is_bounce": verdict.kind in _BOUNCES,
        "kind": verdict.kind.value,
        "category": verdict.category.value,
        "type": verdict.category.severity.value,
        "recipients": list(verdict.recipients),
        "status": verdict.status,
        "evidence": [{"layer": one.layer, "rule": one.rule, "words": one.words} for one in verdict.evidence],
        "confidence": round(verdict.confidence, 2),
    }


def _classified(path: str) -> bool:
    """Print what the mail at the path is; say on standard error why it cannot be read, and return False."""
    try:
        raw = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        sys.stderr.write(f"{path}: {error.strerror or error}\n")
        return False
    _tell({"path": path, **as_told(classify_mail(parse_mail(raw)))})
    return True


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")


def _files(paths: list[str]) -> Iterator[str]:
    """Yield the files that the paths name: a directory stands for all files below it, in order of their names."""
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            yield from (str(one) for one in sorted(Path(path).rglob("*")) if one.is_file())
        else:
            yield path
