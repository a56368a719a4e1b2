"""Who writes and how to make it stop: the line that lets one opt out, and the postal address."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.templating.lint.findings import Finding, Identity, Severity
from campaigns.templating.lint.saying import ADDRESS, SIGNATURE, Says, always_says, says_opt_out, shows


def identity(body: str, html: str, signed: Identity, *, opens_thread: bool) -> Iterator[Finding]:
    """Yield what the law asks of each message and one of its parts does not say, with the signature of some sender.

    A wording that places the signature itself has it, too. Each choice and each way of a condition has to say it.
    """
    severity = Severity.WARN if opens_thread else Severity.NOTE
    if where := _silent(body, html, says_opt_out, signed):
        yield Finding(
            "no_opt_out",
            Severity.NOTE,  # a line below says it
            f"{where} not say how to hear no more.",
            "The law asks for it in each message (15 USC 7704(a)(5), CASL, Art. 21(4) GDPR), and who finds no way out "
            "complains instead. Where no sentence says it that is known here, a line is put below the message.",
            "To say it yourself: “If you would rather not hear from me, just say so.”",
        )
    if signed.address.strip() and (where := _silent(body, html, shows(signed.address), signed)):
        yield Finding(
            "no_address_line",
            severity,
            f"{where} not show the postal address, nor does each sender's signature.",
            "Commercial mail says where its sender can be found (15 USC 7704(a)(5), CASL).",
            "Write {{ sender.postal_address }} into the wording"
            + (", under the signature." if SIGNATURE in f"{body}{html}" else ", or put it into the signatures."),
        )


def _silent(body: str, html: str, says: Says, signed: Identity) -> str:
    """Return the parts that do not say something to everybody, with their verb; "" where each does."""
    values = {ADDRESS: signed.address}
    parts = [("text", body, False), *([("HTML", html, True)] if html.strip() else [])]
    found = [
        name
        for name, source, is_html in parts
        if not always_says(source, says, values, signatures=signed.signatures, html=is_html)
    ]
    return f"The {' and the '.join(found)} {'does' if len(found) == 1 else 'do'}" if found else ""
