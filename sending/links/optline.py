"""The line below a message that says how to opt out, in the language of the message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from campaigns.templating.spoken import LANGUAGES, USUAL

_SHIFT = 4  # above the bits of links.core.Trace
_ORDER = tuple(LANGUAGES)


@dataclass(frozen=True, slots=True)
class Line:
    """What is said: "wish: address", "wish, link." in HTML, and "wish, answer." where there is no address."""

    wish: str
    link: str
    answer: str  # its word is one that ends it at once, see bounces/optout.py


LINES: Mapping[str, Line] = {
    "en": Line("If you would rather not hear from me", "tell me here", "answer with “stop”"),
    "de": Line(
        "Wenn Sie keine weiteren Nachrichten von mir möchten", "sagen Sie es mir hier", "antworten Sie mit „stop“"
    ),
    "fr": Line("Si vous ne souhaitez plus recevoir de messages de ma part", "dites-le-moi ici", "répondez « stop »"),
    "es": Line("Si no desea recibir más mensajes míos", "dígamelo aquí", "responda «stop»"),
    "it": Line("Se non desidera ricevere altri messaggi da me", "me lo dica qui", "mi risponda «stop»"),
    "nl": Line("Als u geen berichten meer van mij wilt ontvangen", "laat het me hier weten", "antwoord dan met “stop”"),
    "pt": Line("Se não quiser receber mais mensagens minhas", "diga-me aqui", "responda “stop”"),
    "pl": Line(
        "Jeśli nie chcą Państwo otrzymywać ode mnie więcej wiadomości",
        "proszę dać mi znać tutaj",
        "proszę odpisać „stop”",
    ),
    "sv": Line("Om du inte vill få fler meddelanden från mig", "säg det till mig här", "svara ”stop”"),
    "da": Line("Hvis du ikke vil have flere beskeder fra mig", "så sig det til mig her", "så svar ”stop”"),
}


def kept(language: str) -> int:
    """Return how a message keeps the language of its line, beside its traces."""
    return _ORDER.index(language) << _SHIFT


def language_in(traces: int) -> str:
    """Return the language of the line of a message, English where it is older than that."""
    number = traces >> _SHIFT
    return _ORDER[number] if number < len(_ORDER) else USUAL


def text_line(language: str, address: str) -> str:
    """Return the line of a plain text; address: of the page to opt out at, "" where there is none."""
    line = LINES[language]
    return f"{line.wish}: {address}" if address else f"{line.wish}, {line.answer}."


def html_line(language: str, address: str) -> str:
    """Return the line of an HTML."""
    line = LINES[language]
    end = f'<a href="{escape(address)}">{line.link}</a>' if address else line.answer
    return f'<p lang="{language}">{line.wish}, {end}.</p>'
