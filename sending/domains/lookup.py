"""Ask the DNS for the record of a signing key: it is there, it is not, or nobody knows at the moment."""

from __future__ import annotations

from dataclasses import dataclass

from sending.domains.asking import DnsAsker
from sending.domains.judging.asking import Kind
from sending.smtp.dkim import SigningKey, is_published, record_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS says about a key. is_there is None where it said nothing that counts."""

    is_there: bool | None
    words: str


def look_up(key: SigningKey) -> Answer:
    """Look the key's record up; at most one question, never longer than 5 s."""
    name = record_of(key).name
    found = DnsAsker()(name, Kind.TXT)
    if found.is_unknown:
        return Answer(is_there=None, words=f"The DNS gave no answer about {name}; that says nothing about the record.")
    if not found.records:
        return Answer(is_there=False, words=f"There is no TXT record at {name}.")
    if any(is_published(key, value) for value in found.records):
        return Answer(is_there=True, words=f"The record at {name} is the right one.")
    return Answer(is_there=False, words=f"The record at {name} is another one: {'; '.join(found.records)[:120]}")
