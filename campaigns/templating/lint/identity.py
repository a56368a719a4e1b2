"""Who writes and how to make it stop: the line that lets one opt out, and the postal address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from campaigns.templating.lint.findings import Finding, Identity, Severity
from campaigns.templating.lint.lists import opt_out_words

_WORD = re.compile(r"\w+")


def identity(body: str, signed: Identity, *, is_first: bool, places_signature: bool) -> Iterator[Finding]:
    """Yield what the law asks of each message and this one does not say, with the signature of some sender.

    A wording that places the signature itself has it, too.
    """
    texts = [f"{body}\n{signature}" for signature in signed.signatures or ("",)]
    severity = Severity.WARN if is_first else Severity.NOTE
    if not all(opt_out_words().search(text) for text in texts):
        yield Finding(
            "no_opt_out",
            severity,
            "The text does not say how to hear no more.",
            "The law asks for it in each message (15 USC 7704(a)(5), CASL, Art. 21(4) GDPR), and who finds no way out "
            "complains instead. The header List-Unsubscribe is there in any case.",
            "One line in your own words: “If you would rather not hear from me, just say so.”",
        )
    wanted = _plain(signed.address)
    if wanted.strip() and not all(wanted in _plain(text) for text in texts):
        yield Finding(
            "no_address_line",
            severity,
            "The postal address stands neither in the text nor in each sender's signature.",
            "Commercial mail says where its sender can be found (15 USC 7704(a)(5), CASL).",
            "Write {{ sender.postal_address }} into the wording"
            + (", under the signature." if places_signature else ", or put it into the signatures."),
        )


def _plain(text: str) -> str:
    """Return the words alone: line ends and commas are set differently in a signature."""
    return f" {' '.join(_WORD.findall(text.lower()))} "
