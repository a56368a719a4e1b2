"""An answer in three: its own words, the signature, what was written before; in the shapes of the programs in use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.bounces.markup import text_of
from sending.bounces.quoting import MAX_TEXT, Pieces, split

GMAIL = "Yes, tell me more.\n\nOn Mon, 5 Jan 2026 at 09:00, Me <me@acme.example> wrote:\n> Good day\n> Ada\n"


@pytest.mark.parametrize(
    "above",
    [
        "On Mon, 5 Jan 2026 at 09:00, Me <me@acme.example> wrote:",
        "On Monday, January 5, 2026 at 09:00:00 AM GMT+1, a very long name of somebody\n<me@acme.example> wrote:",
        "On Mon, 5 Jan 2026\nat 09:00 a name\n<me@acme.example> wrote:",
        "Am 05.01.2026 um 09:00 schrieb Me:",
        "Am Mo., 5. Jan. 2026 um 09:00 Uhr schrieb Me <me@acme.example>:",
        "Le lun. 5 janv. 2026 à 09:00, Me <me@acme.example> a écrit :",
        "El lun, 5 ene 2026 a las 9:00, Me (<me@acme.example>) escribió:",
        "Il giorno lun 5 gen 2026 alle ore 09:00 Me <me@acme.example> ha scritto:",
        "Op ma 5 jan 2026 om 09:00 schreef Me <me@acme.example>:",
        "pon., 5 sty 2026 o 09:00 Me <me@acme.example> napisał(a):",
        "Em seg., 5 de jan. de 2026 às 09:00, Me <me@acme.example> escreveu:",
        "Den mån 5 jan. 2026 kl 09:00 skrev Me <me@acme.example>:",
        "пн, 5 янв. 2026 в 09:00, Me <me@acme.example> пишет:",
        "2026年1月5日(月) 9:00 Me <me@acme.example>のメール:",
    ],
)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_a_quote_is_told_by_the_line_above_it(above: str, mark: str) -> None:
    found = split(f"Yes, tell me more.\n\n{above}\n\n{mark}Good day\n{mark}Ada\n")
    assert found.own == "Yes, tell me more."
    assert found.quoted.endswith("Ada")


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Me\n\nGood day",
        "-------- Ursprüngliche Nachricht --------\nVon: Me\n\nGood day",
        "----- Message d'origine -----\nDe : Me\n\nGood day",
        "________________________________\nFrom: Me\nSent: Monday\nTo: Ada\nSubject: Hello\n\nGood day",
        "Von: Me\nGesendet: Montag, 5. Januar 2026 09:00\nAn: Ada\nBetreff: Hallo\n\nGood day",
        "*De:* Me\n*Enviado:* lunes\n*Para:* Ada\n*Asunto:* Hola\n\nGood day",
        "Da: Me\nInviato: lunedì\nA: Ada\nOggetto: Ciao\n\nGood day",
        "Begin forwarded message:\n\nGood day",
    ],
)
def test_a_quote_that_nothing_marks_reaches_to_the_end(block: str) -> None:
    assert split(f"Yes.\n\n{block}\n") == Pieces("Yes.", "", block)


def test_a_quote_in_markup_is_told_by_its_element() -> None:
    markup = (
        "<div>Yes.</div><div>On 5 Jan 2026, Me wrote:<br></div><blockquote><p>Good day</p></blockquote><p>Really.</p>"
    )
    assert split(text_of(markup)) == Pieces("Yes.\n\nReally.", "", "On 5 Jan 2026, Me wrote:\n> Good day")


def test_answers_between_quoted_lines_are_the_writers_own_words() -> None:
    text = "On 5 Jan 2026 Me wrote:\n> How many?\nThree.\n> When?\nOn Friday.\n"
    assert split(text) == Pieces("Three.\nOn Friday.", "", "On 5 Jan 2026 Me wrote:\n> How many?\n> When?")


@pytest.mark.parametrize(
    ("text", "own", "signature"),
    [
        ("Yes.\n\n-- \nAda\n", "Yes.", "--\nAda"),
        ("Yes.\n\nKind regards,\nAda Lovelace\nHead of Engines\n+44 20 1\n", "Yes.", None),
        ("Ja.\n\nMit freundlichen Grüßen\n\nAda Lovelace\n", "Ja.", None),
        ("Oui.\nCordialement\nAda", "Oui.", None),
        ("Yes.\n\nSent from my iPhone\n", "Yes.", "Sent from my iPhone"),
        ("Thanks\nCan you call me?", "Thanks\nCan you call me?", ""),
        ("Hello\nThanks\nPlease remove me from your list.", "Hello\nThanks\nPlease remove me from your list.", ""),
        ("Hello\nThanks\nplease take me out", "Hello\nThanks\nplease take me out", ""),
        ("Best\nis what you do", "Best\nis what you do", ""),
    ],
)
def test_a_signature_is_told_and_no_sentence_is_taken_for_one(text: str, own: str, signature: str | None) -> None:
    found = split(text)
    assert found.own == own
    assert signature is None or found.signature == signature
    assert bool(found.signature) is (signature is None or bool(signature))


@pytest.mark.parametrize(
    "text",
    ["We agreed on three things: price, date and place.", "From: here it goes down.", "He wrote: no.", "a > b\nb < c"],
)
def test_words_that_only_look_like_a_quote_are_kept(text: str) -> None:
    assert split(text) == Pieces(text, "", "")


@given(st.lists(st.sampled_from([*"a1:>-_ \n", "On 1 wrote:", "From: a\n", "To: a\n", "Date: a\n", "Thanks\n"])))
def test_nothing_of_a_text_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = split(text)
    kept = "".join(f"{found.own}{found.signature}{found.quoted}".split())
    assert sorted(kept) == sorted("".join(text.split()))


@pytest.mark.parametrize("line", ["Thanks\n", "On 1 a wrote\n", "From: a\n", "> ", ">", "-", "_" * 20 + "\n", "1:\n"])
def test_a_flood_of_what_it_looks_for_is_split_in_bounded_work(line: str) -> None:
    text = line * (3 * MAX_TEXT // len(line))
    found = split(text)
    assert len(found.own) + len(found.signature) <= MAX_TEXT
    assert found.quoted.endswith(text[-1:].strip())
