"""What a mail is: complaint, challenge, bounce, receipt, auto-reply, opt-out or an answer, from standard to guess."""

from __future__ import annotations

from collections.abc import Callable

from sending.bounces.absence import auto_reply
from sending.bounces.challenges import challenge
from sending.bounces.complaints import complaint
from sending.bounces.failures import failure_notice
from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.machines import is_server, json_notice, receipt
from sending.bounces.mail import Mail
from sending.bounces.optout import asked_by_program, opt_out
from sending.bounces.reports import delivery_report

_LAYERS: tuple[Callable[[Mail], Verdict | None], ...] = (
    complaint,
    json_notice,
    challenge,
    delivery_report,
    receipt,
    failure_notice,
    asked_by_program,
    auto_reply,
    opt_out,
)


def classify_mail(mail: Mail) -> Verdict:
    """Return what the mail is, with the evidence. Anything that no layer recognises is a person's answer."""
    for layer in _LAYERS:
        verdict = layer(mail)
        if verdict is not None:
            return verdict
    if not mail.from_address:
        return Verdict(Kind.OTHER, Category.NONE, (Evidence("none", "no-sender", ""),), confidence=0.3)
    if is_server(mail):
        evidence = Evidence("none", "written-by-a-server", mail.from_address)
        return Verdict(Kind.OTHER, Category.NONE, (evidence,), confidence=0.3)
    return Verdict(Kind.HUMAN_REPLY, Category.NONE, (Evidence("none", "no-sign-of-a-machine", ""),), confidence=0.7)
