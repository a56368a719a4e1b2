"""Answers by machines: out-of-office notes with their return date, and other automatic replies (RFC 3834)."""

from __future__ import annotations

import re
from datetime import date

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail

_SUBJECT = re.compile(
    r"^\s*(re:\s*)?(auto(matic)?[ -]?(reply|response|antwort)|automatische antwort|autoreply|out of (the )?office"
    r"|abwesen|absence|réponse automatique|reponse automatique|respuesta automática|fuera de la oficina"
    r"|odpowiedź automatyczna|automatyczna odpowiedź|nieobecno|automatisch antwoord|afwezig|risposta automatica"
    r"|fuori ufficio|resposta automática|autosvar|poissaolo|away from)",
    re.IGNORECASE,
)
_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-response-suppress-reply")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar janvier enero stycznia januari gennaio jan",
            "february februar février fevrier febrero lutego februari febbraio feb",
            "march märz maerz mars marzo marca maart mar",
            "april avril abril kwietnia aprile apr",
            "may mai mayo maja mei maggio",
            "june juni juin junio czerwca giugno jun",
            "july juli juillet julio lipca luglio jul",
            "august août aout agosto sierpnia augustus aug",
            "september septembre septiembre września settembre sep sept",
            "october oktober octobre octubre października ottobre oct okt",
            "november novembre noviembre listopada nov",
            "december dezember décembre decembre diciembre grudnia dicembre dec dez",
        ),
        start=1,
    )
    for name in names.split()
}
_WORDS = "|".join(sorted(_MONTHS, key=len, reverse=True))
_BACK = re.compile(
    r"(return|back|until|through|till|zurück|wieder|bis|retour|jusqu|vuelv|regres|hasta|wrac|do dnia|powr|terug|tot"
    r"|rientr|fino)",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(20\d\d)-(\d{1,2})-(\d{1,2})\b")
_DOTTED = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](20\d\d)\b")
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}})(?:\.|st|nd|rd|th|er|\s+de|\s+of)?\s+(?:de\s+)?({_WORDS})\b\.?,?\s*(20\d\d)?",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(rf"\b({_WORDS})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b,?\s*(20\d\d)?", re.IGNORECASE)
_WIDTH = 120


def auto_reply(mail: Mail) -> Verdict | None:
    """Return the verdict of an automatic answer, None for anything else."""
    evidence = _evidence(mail)
    if evidence is None:
        return None
    return Verdict(
        kind=Kind.AUTO_REPLY,
        category=Category.AUTO_REPLY,
        evidence=(evidence,),
        return_date=return_date(mail),
    )


def _evidence(mail: Mail) -> Evidence | None:
    submitted = mail.header("auto-submitted").lower()
    if submitted and not submitted.startswith("no"):
        return Evidence("rfc3834", "auto-submitted", f"Auto-Submitted: {submitted[:100]}")
    for name in _HEADERS:
        if mail.header(name):
            return Evidence("header", name, mail.header(name)[:100])
    precedence = mail.header("precedence").lower()
    if precedence in {"auto_reply", "auto-reply"}:
        return Evidence("header", "precedence", precedence)
    found = _SUBJECT.search(mail.subject)
    return Evidence("subject", "auto-reply-words", found[0].strip()) if found else None


def return_date(mail: Mail) -> date | None:
    """Return the day on which the person is back, where the text plainly says one; the year is taken from the mail."""
    text = " ".join(mail.text[:4_000].split())
    year = _year(mail)
    for word in _BACK.finditer(text):
        around = text[word.end() : word.end() + _WIDTH]
        found = _date_in(around, year)
        if found is not None:
            return found
    return None


def _year(mail: Mail) -> int | None:
    found = re.search(r"\b(20\d\d)\b", mail.header("date"))
    return int(found[1]) if found else None


def _date_in(text: str, year: int | None) -> date | None:
    if found := _ISO.search(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.search(text):
        return _date(int(found[3]), int(found[2]), int(found[1]))
    for pattern, day, month in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        if found := pattern.search(text):
            named = int(found[3]) if found[3] else year
            return _date(named, _MONTHS[found[month].lower()], int(found[day])) if named else None
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
