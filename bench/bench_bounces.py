"""Bounces: how often labelled mails are classified rightly, and how fast, beside a live peer and published baselines.

The labelled mails lie beside the project and are not part of it; without them nothing is measured.
"""

from __future__ import annotations

import email
import re
from email.message import Message

from sending.bounces import classify_line, classify_mail, parse_mail
from sending.bounces.command import as_told
from tests.sending.bounces.labelled import DATA, Answer, Scores, score
from tests.sending.bounces.wished import answers, count

COLUMNS = ("detect", "FP", "fbl", "auto", "rcpt", "reason", "type", "hardP", "hardR")
# Measured for the report that came with the labelled mails, on all of its 1,351 mails and 558 lines, of which half lie
# beside the project; percent, "-" where a program does not say it.
_BASELINES = """\
  Sisimai 5.1.0p3                              97.4   0.3  88.2  77.4  96.6  89.5  91.1  99.7  86.6        95
    the same away from the mails it is made on 95.0     -     -     -  93.9  78.2  81.0 100.0  77.4         -
  flufl.bounce 6.0.0                           87.3   2.1   0.0   0.0  86.5     -  47.7  52.7  89.4   150-370
  Mail::DeliveryStatus::BounceParser 1.543     95.4  92.1   0.0   0.0  79.2  48.0  51.5  87.6  79.0        34
  RFC 3464 fields and RFC 3463 table only      51.5   1.8  73.5  32.3  51.2  25.3  32.8  90.5  29.4 800-1,500"""
_LINES = """\
  postalsys bounce-classifier (a trained model)   -     -     -     -     -  69.5  84.9  82.0  86.1         -
  Sisimai 5.1.0p3                                 -     -     -     -     -  62.7  71.1  95.7  53.2         -
  ZoneMTA, 317 rules                              -     -     -     -     -  41.0  50.2  73.4  26.6         -
  KumoMTA, community and IANA rules               -     -     -     -     -  26.5  39.1  95.2  46.8         -"""


def main() -> None:
    """Print shares of right answers and mails a second of one core."""
    _tell_wishes()
    if not DATA.exists():
        print(f"bounces: SKIPPED, the labelled mails are not beside this clone ({DATA})")
        return
    print("bounces: percent of labelled mails (FP: lower is better), mails a second of one core")
    print(" " * 46 + " ".join(f"{name:>5}" for name in COLUMNS) + "   mails/s")
    _tell("ours", score(lambda raw: as_told(classify_mail(parse_mail(raw))), kind="mail"))
    _tell("peer in this run: stdlib, RFC 3464 only", score(rfc3464_only, kind="mail"))
    print(_BASELINES)
    print("SMTP replies")
    _tell("ours", score(lambda raw: as_told(classify_line(raw.decode())), kind="line"))
    print(_LINES)


def _tell(name: str, scores: Scores) -> None:
    shares = " ".join(f"{100 * scores.share(one):5.1f}" if scores.seen[one] else "    -" for one in COLUMNS)
    print(f"  {name:<44}{shares} {scores.calls / scores.seconds:>9,.0f}")


def _tell_wishes() -> None:
    """Print how labelled answers that ask to hear no more are told from others; they are part of the project."""
    print("bounces: short answers in thirteen languages; who asks to hear no more is suppressed, who may ask is shown")
    print(f"{'':<24}{'wishes':>8}{'suppressed':>12}{'shown':>7}{'others':>8}{'suppressed':>12}{'shown':>7}")
    for name, is_check in (("development", False), ("check, not tuned on", True)):
        one = count(answer for answer in answers() if answer.is_check is is_check)
        shares = (one.wishes, one.suppressed, one.asked, one.others, one.wrongly_suppressed, one.wrongly_asked)
        print("  {:<22}{:>8}{:>12}{:>7}{:>8}{:>12}{:>7}".format(name, *shares))


_TABLE = {
    "1.1": "bad_mailbox", "1.2": "bad_domain", "1.3": "bad_mailbox", "1.6": "inactive_mailbox",
    "2.1": "inactive_mailbox", "2.2": "mailbox_full", "2.3": "message_format", "3.4": "message_format",
    "4.1": "temporary", "4.4": "bad_domain", "4.7": "temporary", "7.1": "policy_block", "7.26": "auth_failed",
}  # fmt: skip
_TYPES = {
    "bad_mailbox": "hard", "bad_domain": "hard", "inactive_mailbox": "hard", "mailbox_full": "soft",
    "temporary": "soft", "unknown": "unknown",
}  # fmt: skip


def rfc3464_only(raw: bytes) -> Answer:
    """Classify as many programs do: the standard library's parser, the fields of RFC 3464, the table of RFC 3463."""
    mail = email.message_from_bytes(raw)
    blocks = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    fields = [block for part in blocks for block in part.get_payload() if isinstance(block, Message)]
    failed = [one for one in fields if str(one.get("Action", "")).strip().lower() in {"failed", "delayed"}]
    if any(part.get_content_type() == "message/feedback-report" for part in mail.walk()):
        return {"type": "complaint"}
    if not failed:
        is_automatic = str(mail.get("Auto-Submitted", "no")).lower().startswith("auto-replied")
        return {"type": "auto_reply" if is_automatic else "none"}
    status = re.search(r"([245])\.(\d+\.\d+)", str(failed[0].get("Status", "")))
    category = _TABLE.get(status[2], "unknown") if status else "unknown"
    named = [str(one.get("Final-Recipient", "")).partition(";")[2].strip().strip("<>") for one in failed]
    return {"is_bounce": True, "category": category, "type": _TYPES.get(category, "block"), "recipients": named}
