"""The line that says how to opt out, in the languages that it speaks."""

from __future__ import annotations

import pytest

from campaigns.templating.lint.saying import says_opt_out
from campaigns.templating.spoken import LANGUAGES, language_of
from sending.bounces.kinds import Kind
from sending.bounces.mail import parse_mail
from sending.bounces.optout import opt_out
from sending.links.core import FOLLOWED, Trace
from sending.links.optline import LINES, html_line, kept, language_in, text_line

LETTERS = {
    "en": "Hi Ada, I saw that you are hiring for your team. Would it help if we took this from you?",
    "de": "Guten Tag, ich habe gesehen, dass Sie für Ihr Team suchen. Ist das bei Ihnen noch ein Thema?",
    "fr": "Bonjour, je vous écris parce que vous recrutez pour votre équipe. Est-ce un sujet pour vous ?",
    "es": "Buenos días, le escribo porque he visto que su equipo crece. ¿Es un tema para usted en este año?",
    "it": "Buongiorno, le scrivo perché ho visto che il suo team cresce. È un tema per lei nel prossimo anno?",
    "nl": "Goedendag, ik zag dat u voor uw team mensen zoekt. Is dat voor u nog een vraag op dit moment?",
    "pt": "Bom dia, escrevo porque vi que a sua equipa cresce. Isto é um tema para você e o seu diretor?",
    "pl": "Dzień dobry, piszę, bo widzę, że Państwa zespół szuka ludzi do pracy. Czy to jest dla Pani temat?",
    "sv": "Hej, jag skriver för att jag såg att ni söker folk till ert team. Är det något som ni har kvar?",
    "da": "Hej, jeg skriver, fordi jeg så, at I søger folk til jeres team. Er det noget, som I ikke har fundet?",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_line_and_is_known_by_its_small_words(language: str) -> None:
    assert language_of(LETTERS[language]) == language
    assert text_line(language, "https://go.example.net/u/x") == f"{LINES[language].wish}: https://go.example.net/u/x"
    assert '<a href="https://go.example.net/u/x?a&amp;b">' in html_line(language, "https://go.example.net/u/x?a&b")
    assert "stop" in text_line(language, "")
    if language not in {"sv", "da"}:  # no grammar knows these, so their own sentences get a line, too
        assert says_opt_out(text_line(language, "")), "what we write ourselves says it"


def test_the_answer_that_the_line_asks_for_ends_it() -> None:
    verdict = opt_out(parse_mail(b"Subject: Re: x\r\n\r\nstop\r\n"))
    assert verdict is not None
    assert verdict.kind is Kind.OPT_OUT


@pytest.mark.parametrize("text", ["", "Good day", "{{ der }} {% if die %} {# und #}", "Привет, Ада"])
def test_where_nothing_tells_it_is_english(text: str) -> None:
    assert language_of(text) == "en"


def test_a_message_keeps_its_language_beside_its_traces() -> None:
    for language in LANGUAGES:
        traces = Trace.OPT_OUT | Trace.CLICKS | Trace(kept(language))
        assert language_in(traces & ~FOLLOWED) == language
        assert traces & Trace.OPT_OUT
    assert language_in(int(Trace.OPT_OUT | Trace.OPENS)) == "en", "of messages from before"
    assert language_in(0xF0) == "en"


def test_every_language_can_be_kept() -> None:
    assert list(LINES) == list(LANGUAGES)
    assert kept(list(LANGUAGES)[-1]) <= Trace.LANGUAGE
