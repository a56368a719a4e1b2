"""Whom a report is about: real addresses, named where reports name them, none of our own or of the server."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 50
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u00c0-\u04ff-]{1,64}"
_DOMAIN = r"(?:[A-Za-z0-9_\u00c0-\u04ff-]{1,63}\.){1,10}[A-Za-z\u00c0-\u04ff][A-Za-z0-9\u00c0-\u04ff-]{0,62}"
_ADDRESS = re.compile(rf"(?<![A-Za-z0-9.@_+-])({_LOCAL}@{_DOMAIN})(?![A-Za-z0-9@-])")
_ONE = rf"<?[\"']?(?:mailto:|rfc822;|smtp:)?\s?({_LOCAL}@{_DOMAIN})[\"']?>?"
# How programs name whom they could not reach, the plainest first; each on one line, with bounded runs.
_LABELS = (
    "recipients?|to|for|user|address|failed recipient|e-?mail(?: address)?|undeliverable to|empfänger"
    "|destinat[a-zé]{2,10}"
    "|destinatario|odbiorca|получатель|宛先|收件人"
)
_DELIVERY = "undeliverable|delivered|deliver|delivery|sent|send|addressed|relay|message|mail"
_QMAIL = r"^[ \t]{0,8}(?=<[^>\n]{1,320}>:)"  # and Postfix
_SENDMAIL = rf"^[ \t]{{0,8}}(?:\d{{3}} (?:\d\.\d\.\d )?)?(?=<?{_LOCAL}@{_DOMAIN}>?\.\.\.[ \t])"
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"^[ \t>]{{0,8}}(?:x-)?(?:original|failed|final|actual)-recipients?:[ \t]{{0,4}}{_ONE}",
        rf"\((?:expanded|generated) from:? {_ONE}",  # whom we wrote to, where the server knows another name
        rf"\bsmtp={_ONE}",  # inside an X.400 address
        rf"(?:\brcpt to:|{_QMAIL}|{_SENDMAIL})[ \t]{{0,4}}{_ONE}",
        # a line of its own: Exim, Google, Exchange, Yahoo
        rf"^[ \t]{{0,12}}(?:[*•-] )?{_ONE}[ \t]{{0,8}}(?:$|:[ \t]|:$|\()",
        rf"^[ \t]{{0,12}}(?:{_LABELS})[ \t]{{0,4}}[:=][ \t]{{0,8}}{_ONE}",
        rf"\b(?:{_DELIVERY})[^@\n]{{0,40}} (?:to|for)[: \t]{{1,4}}{_ONE}",
        rf"\b(?:recipients?|user|mailbox|account|address|name)[^@\n]{{0,20}}[: \t(]{_ONE}",
        rf"^[ \t]{{0,12}}{_ONE}",
    )
)
_PLAIN = 4  # of these name a recipient and nobody else
# What announces them.
_ANCHOR = re.compile(
    r"following (?:recipients?|address(?:es)?|users?|people|destinations?)\b[^\n:]{0,60}\n?[^\n:]{0,60}:"
    r"|following address(?:\(?es\)?)?\s{0,3}failed:|did not reach the following recipient\(s\):"
    r"|(?:fatal|delivery) errors ?-{2,10}|failed recipients ?-{2,10}|folgende[rn]? (?:empfänger|adressen?)[^\n:]{0,60}:"
    r"|destinataires? suivants?[^\n:]{0,60}:|destinatarios? siguientes?[^\n:]{0,60}:",
    re.IGNORECASE,
)
_NO_PERSONS = re.compile(r"(mailer-?daemon|postmaster|mail-?daemon|mdaemon|nobody)@", re.IGNORECASE)
_FIELD_OF_ANOTHER = re.compile(
    r"^[ \t>]{0,8}(?:from|sender|return-path|reply-to|message-id|in-reply-to|references|received|date|content-id"
    r"|x-envelope-from|resent-message-id|reporting-mta|cc|mail from|envelope-from|originator|arrival-date)"
    r"[ \t]{0,4}:[^\n]{0,1000}$",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_FROM = re.compile(
    rf"(?<!expanded )(?<!generated )\b(?:mail from|from|sender):?[ \t]{{0,4}}<?{_LOCAL}@{_DOMAIN}>?", re.IGNORECASE
)
_WEB = re.compile(
    r"https?://[^\s<>]{1,2000}|\bcid:[^\s<>]{1,500}|\b(?:message-)?id[ :=<]{1,4}[^\s<>]{1,300}@[^\s<>]{1,255}",
    re.IGNORECASE,
)


def addresses_in(text: str) -> tuple[str, ...]:
    """Return the addresses in the text in order, each once; what only looks like one is left out."""
    found = (one.strip("'.`") for one in _ADDRESS.findall(text[:20_000]))
    return tuple(list(unique(one for one in found if is_address(one)))[:MOST])


def is_address(text: str) -> bool:
    """Say whether it may be a mailbox: bounded, with a domain whose last label is no number."""
    local, _, domain = text.rpartition("@")
    return bool(
        0 < len(local) <= 64 and "." in domain and not domain.rpartition(".")[2].isdigit() and len(domain) < 254
    )


def unique(found: Iterable[str]) -> tuple[str, ...]:
    """Return each address once, whatever its case, as it was written first."""
    return tuple({one.lower(): one for one in reversed(list(found))}.values())[::-1]


def announces(told: str) -> bool:
    """Say whether the text names recipients as reports do: "the following recipients ...:"."""
    return bool(_ANCHOR.search(told))


def named_in(told: str, *, ours: Iterable[str], written_to: tuple[str, ...]) -> tuple[str, ...]:
    """Return the recipients that a report in free form names.

    told: its text above the returned message. ours: addresses that sent or got the report, never the recipient when
    another is named. written_to: the To of the returned message, which decides between several.
    """
    strangers = {one.lower() for one in ours}
    text = _MAIL_FROM.sub(" ", _WEB.sub(" ", _FIELD_OF_ANOTHER.sub("", told)))
    sent = {one.lower() for one in written_to}
    if (anchor := _ANCHOR.search(text)) and (found := _on_their_own_line(text[anchor.end() :])):
        return found
    for place, pattern in enumerate(_NAMED):
        found = unique(one for hit in pattern.findall(text) for one in addresses_in(hit))
        found = tuple(one for one in found if one.lower() in sent or _may_be_one(one, strangers))
        if found:
            return found if place < _PLAIN else tuple(one for one in found if one.lower() in sent) or found
    loose = [one for one in addresses_in(text) if _may_be_one(one, strangers)]
    chosen = tuple(one for one in loose if one.lower() in sent)
    if chosen or (loose and not written_to):
        return chosen or tuple(loose)[:1]
    return written_to or tuple(one for one in addresses_in(told) if not _NO_PERSONS.match(one))[:1]


def _on_their_own_line(text: str) -> tuple[str, ...]:
    """Return the addresses below a line that announces them: each begins a line, until other text than theirs."""
    for pattern in (*_NAMED[1:5], _NAMED[-1]):
        found = unique(one for hit in pattern.findall(text) for one in addresses_in(hit) if not _NO_PERSONS.match(one))
        if found:
            return found
    return ()


def _may_be_one(address: str, strangers: set[str]) -> bool:
    return address.lower() not in strangers and not _NO_PERSONS.match(address)
