"""What came back means: SMTP replies, bounces, complaints, auto-replies, opt-outs. Pure; rules are data."""

from sending.bounces.absence import ABSENCE
from sending.bounces.complaints import AUTH_FAILURE
from sending.bounces.kinds import Category, Evidence, Kind, Severity, Verdict
from sending.bounces.mail import Mail, parse_mail
from sending.bounces.mails import classify_mail
from sending.bounces.optout import MENTION, PROGRAM_RULES
from sending.bounces.replies import classify_line, classify_reply
from sending.bounces.rules import quota_wait
from sending.bounces.tokens import ids_by_token

__all__ = [
    "ABSENCE", "AUTH_FAILURE", "MENTION", "PROGRAM_RULES", "Category", "Evidence", "Kind", "Mail", "Severity",
    "Verdict", "classify_line", "classify_mail", "classify_reply", "ids_by_token", "parse_mail", "quota_wait",
]  # fmt: skip
