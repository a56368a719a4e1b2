"""The labelled mails and replies beside the project (../shared/data/bounces), and how answers are counted.

They are not part of the project: tests and the bench read them where they are.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "bounces"
Answer = dict[str, Any]
Classifier = Callable[[bytes], Answer]


@dataclass(slots=True)
class Scores:
    """How many answers of a kind there were, and how many of them were right (of FP: wrong); the CPU seconds of all."""

    seen: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    calls: int = 0

    def add(self, column: str, is_right: bool) -> None:  # noqa: FBT001
        self.seen[column] += 1
        self.right[column] += is_right

    def share(self, column: str) -> float:
        return self.right[column] / self.seen[column]


def score(classifier: Classifier, *, kind: str) -> Scores:
    """Return how the classifier does on the labelled cases of a kind, "mail" or "line"."""
    scores = Scores()
    for case, raw in _cases(kind):
        began = time.thread_time()
        answer = classifier(raw)
        scores.seconds += time.thread_time() - began
        scores.calls += 1
        _judge(scores, case["kind"], case["expected"], answer)
    return scores


def _cases(kind: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    for line in (DATA / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if (case["kind"] == "reply_line") == (kind == "line"):
            yield case, case["text"].encode() if kind == "line" else (DATA / case["path"]).read_bytes()


def _judge(scores: Scores, kind: str, expected: dict[str, Any], answer: Answer) -> None:
    """Count as the report does: what was not detected is wrong everywhere; a label may accept several answers."""
    is_bounce, is_complaint = bool(answer.get("is_bounce")), answer.get("type") == "complaint"
    if kind == "arf":
        scores.add("fbl", is_complaint)
        return
    if not expected["is_bounce"]:
        scores.add("FP", is_bounce or is_complaint)
        if expected["type"] == "auto_reply":
            scores.add("auto", answer.get("type") == "auto_reply")
        return
    if kind == "dsn_mail":
        scores.add("detect", is_bounce)
        if expected["recipients"]:
            scores.add("rcpt", is_bounce and _names_them(expected, answer))
    else:
        is_bounce = True
    if expected["reason"] not in {None, "unknown"}:
        accepted = {expected["reason"], *expected.get("reason_alt", [])}
        scores.add("reason", is_bounce and answer.get("category") in accepted)
    if expected["type"] not in {None, "unknown"}:
        accepted = {expected["type"], *(expected.get("type_alt") or [])}
        scores.add("type", is_bounce and answer.get("type") in accepted)
        if is_bounce and answer.get("type") == "hard":
            scores.add("hardP", "hard" in accepted)
        if accepted == {"hard"}:
            scores.add("hardR", is_bounce and answer.get("type") == "hard")


def _names_them(expected: dict[str, Any], answer: Answer) -> bool:
    wanted, found = ({one.lower() for one in names} for names in (expected["recipients"], answer.get("recipients", [])))
    others = {one.lower() for one in expected.get("recipients_alt") or []}
    return bool(found) and found <= wanted | others and (wanted <= found or len(found) >= len(wanted))
