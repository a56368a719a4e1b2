"""What one contact will read: values, subject, signature, and nothing with a hole in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from campaigns.calendar import Wait, WaitUnit
from campaigns.contacts.models import Contact
from campaigns.sequences.plans import PlannedStep, PlannedVariant
from campaigns.sequences.states import StepThread
from campaigns.sequences.wording import SenderValues, values_for, word
from campaigns.templating import STANDARD, MissingValue, TemplateProblem

OLIVIA = SenderValues("Olivia", "olivia@acme.example", "Olivia\nAcme, 1 Main Street", "1 Main Street")
UNSIGNED = SenderValues("Olivia", "olivia@acme.example", " \n ", "")


def contact(**values: object) -> Contact:
    columns = {"pk": 5, "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", **values}
    return Contact(**columns)


def variant(subject: str = "Hello", text: str = "Hi", html: str = "") -> PlannedVariant:
    return PlannedVariant(1, "A", 1, subject, text, html)


def step(one: PlannedVariant, *, position: int = 1, thread: StepThread = StepThread.NEW) -> PlannedStep:
    return PlannedStep(3, position, Wait(0, WaitUnit.DAYS), thread, (one,))


def worded(
    subject: str = "Hello", text: str = "Hi", html: str = "", *, to: Contact | None = None, by: SenderValues = UNSIGNED
) -> tuple[str, str, str]:
    one = variant(subject, text, html)
    made = word(step(one), one, to or contact(), by)
    return made.subject, made.text, made.html


def test_every_standard_variable_has_its_value() -> None:
    ada = contact(
        company="Acme", title="Countess", phone="1", website="acme.example", city="London",
        region="England", country="GB",
        fields={"industry": "Engines"},
    )  # fmt: skip
    assert values_for(ada, OLIVIA) == {
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "full_name": "Ada Lovelace",
        "company": "Acme",
        "title": "Countess",
        "phone": "1",
        "website": "acme.example",
        "city": "London",
        "region": "England",
        "country": "GB",
        "industry": "Engines",
        "sender.name": "Olivia",
        "sender.email": "olivia@acme.example",
        "sender.signature": "Olivia\nAcme, 1 Main Street",
        "sender.postal_address": "1 Main Street",
    }
    assert set(values_for(contact(), OLIVIA)) == set(STANDARD)


def test_a_custom_field_cannot_take_the_place_of_a_standard_one_and_nothing_is_written_as_none() -> None:
    values = values_for(contact(fields={"email": "evil@x.com", "sender.email": "evil@x.com", "plan": None}), OLIVIA)
    assert (values["email"], values["sender.email"]) == ("ada@example.com", "olivia@acme.example")
    assert "plan" not in values


def test_the_postal_address_stands_where_it_is_put_and_holds_where_there_is_none() -> None:
    html = "<p>{{ sender.postal_address }}</p>"
    _, text, page = worded(text="Hi\n{{ sender.postal_address }}", html=html, by=replace(OLIVIA, postal_address="<1>"))
    assert (text, page.splitlines()[0]) == ("Hi\n<1>\n\n-- \nOlivia\nAcme, 1 Main Street\n", "<p>&lt;1&gt;</p>")
    with pytest.raises(MissingValue, match=r"sender\.postal_address"):
        worded(text="{{ sender.postal_address }}", by=UNSIGNED)
    assert worded(text="Hi {{ sender.postal_address|d('there') }}", by=UNSIGNED)[1] == "Hi there"


def test_half_a_name_is_no_full_name_with_a_gap() -> None:
    assert values_for(contact(last_name=""), OLIVIA)["full_name"] == "Ada"
    assert values_for(contact(first_name=""), OLIVIA)["full_name"] == "Lovelace"


def test_values_are_cleaned_before_they_reach_a_text_or_a_header() -> None:
    mallory = contact(first_name="Ada\r\nBcc: all@example.com\x00", company="A\u202ecme")
    subject, text, _ = worded("For {{ first_name }}", "Hi {{ first_name }} of {{ company }}", to=mallory)
    assert subject == "For Ada Bcc: all@example.com"
    assert text == "Hi Ada\nBcc: all@example.com of Acme"


def test_a_subject_stays_one_line_of_five_hundred_characters() -> None:
    subject, *_ = worded("a\nb " + "{{ company }}" * 3, to=contact(company="x" * 200))
    assert subject.startswith("a b xxx")
    assert len(subject) == 500


def test_the_signature_stands_under_the_text_unless_the_wording_places_it() -> None:
    assert worded(by=OLIVIA)[1] == "Hi\n\n-- \nOlivia\nAcme, 1 Main Street\n"
    placed = "{{ sender.signature }}\n\nPS: Hi"
    assert worded(text=placed, by=OLIVIA)[1] == "Olivia\nAcme, 1 Main Street\n\nPS: Hi"
    assert worded(text="Hi {{ sender . signature }}", by=OLIVIA)[1] == "Hi Olivia\nAcme, 1 Main Street"


def test_talking_of_the_signature_is_not_placing_it() -> None:
    assert worded(text="We use sender.signature here", by=OLIVIA)[1].endswith("\n\n-- \nOlivia\nAcme, 1 Main Street\n")
    assert worded(text="Hi {# sender.signature #}", by=OLIVIA)[1].endswith("\n\n-- \nOlivia\nAcme, 1 Main Street\n")


def test_a_subject_that_would_read_like_an_answer_is_refused_whatever_made_it_so() -> None:
    for subject, company in (("{{ company }} our call", "Re:"), ("{{ company }}: our call", "R\u200be"), ("AW: x", "")):
        with pytest.raises(TemplateProblem, match="pretend to answer") as held:
            worded(subject, to=contact(company=company))
        assert held.value.code == "fake_thread"
    one = variant("")
    assert word(step(one, position=2, thread=StepThread.REPLY), one, contact(), UNSIGNED).text == "Hi"


def test_no_signature_leaves_the_text_alone() -> None:
    assert worded(text="Hi \n", by=UNSIGNED)[1] == "Hi \n"


def test_a_choice_that_places_the_signature_counts_where_it_is_drawn() -> None:
    text = "{Hi {{ sender.signature }} |Hello}"
    seen = {worded(text=text, to=contact(pk=pk), by=OLIVIA)[1] for pk in range(30)}
    assert seen == {"Hi Olivia\nAcme, 1 Main Street ", "Hello\n\n-- \nOlivia\nAcme, 1 Main Street\n"}


def test_the_html_part_is_escaped_and_signed_like_the_text() -> None:
    ada = contact(first_name="<img src=x onerror=alert(1)>")
    olivia = SenderValues("Olivia", "olivia@acme.example", "Olivia <b>\nAcme", "")
    _, text, html = worded(text="Hi {{ first_name }}", html="<p>Hi {{ first_name }}</p>\n", to=ada, by=olivia)
    assert text == "Hi <img src=x onerror=alert(1)>\n\n-- \nOlivia <b>\nAcme\n"
    assert html == ("<p>Hi &lt;img src=x onerror=alert(1)&gt;</p>\n<p>Olivia &lt;b&gt;<br>\nAcme</p>\n")


def test_without_an_html_wording_there_is_no_html_part() -> None:
    assert worded(by=OLIVIA)[2] == ""
    assert worded(html="<p>{{ sender.name }}: {{ sender.signature }}</p>", by=OLIVIA)[2] == (
        "<p>Olivia: Olivia\nAcme, 1 Main Street</p>"
    )


def test_everything_that_a_contact_lacks_is_told_at_once() -> None:
    with pytest.raises(MissingValue) as held:
        worded("For {{ company }}", "Hi {{ nickname }} in {{ city|default('town') }}", "<p>{{ title }}</p>")
    assert held.value.names == {"company", "nickname", "title"}


def test_a_value_of_blanks_is_a_lacking_value() -> None:
    with pytest.raises(MissingValue, match="first_name"):
        worded(text="Hi {{ first_name }}", to=contact(first_name=" \t"))


@pytest.mark.parametrize(
    ("subject", "text", "words"),
    [
        ("", "Hi", "no subject"),
        ("{% if city %}x{% endif %}", "Hi", "no subject"),
        ("\u202e\n", "Hi", "no subject"),
        ("Hello", "", "no text"),
        ("Hello", "{% if city %}x{% endif %}\n", "no text"),
        ("Hello", "{{ city|default('') }}", "no text"),
    ],
)
def test_nobody_gets_an_empty_message_not_even_one_with_a_signature(subject: str, text: str, words: str) -> None:
    with pytest.raises(TemplateProblem, match=words) as refused:
        worded(subject, text, by=OLIVIA)
    assert refused.value.code == "empty"


def test_only_an_answer_in_its_thread_needs_no_subject() -> None:
    one = variant(subject="")
    assert word(step(one, position=2, thread=StepThread.REPLY), one, contact(), UNSIGNED).subject == ""
    with pytest.raises(TemplateProblem, match="no subject"):
        word(step(one, position=2, thread=StepThread.NEW), one, contact(), UNSIGNED)
    with pytest.raises(TemplateProblem, match="no subject"):
        word(step(one, position=1, thread=StepThread.REPLY), one, contact(), UNSIGNED)


def test_a_retry_reads_the_same_and_people_and_parts_vary() -> None:
    text = "{a|b|c|d|e|f|g|h} {i|j|k|l|m|n|o|p}"
    assert worded(text, text) == worded(text, text)
    assert len({worded(text=text, to=contact(pk=pk))[1] for pk in range(40)}) > 20
    assert any(worded(text, text, to=contact(pk=pk))[0] != worded(text, text, to=contact(pk=pk))[1] for pk in range(5))


def test_a_broken_wording_names_its_place() -> None:
    with pytest.raises(TemplateProblem) as refused:
        worded(text="Hi\n{% for x in y %}{% endfor %}")
    assert refused.value.line == 2


def test_a_value_that_looks_like_a_template_is_never_run_and_never_sent() -> None:
    with pytest.raises(TemplateProblem, match="template marks"):
        worded(text="Hi {{ first_name }}", to=contact(first_name="{{ sender.email }}"))
    assert worded(text="Hi {{ first_name }}", to=contact(first_name="{a|b}"))[1] == "Hi {a|b}"
