"""What a contact gets to read, and what is refused instead."""

from __future__ import annotations

import time

import pytest

from campaigns.templating import MissingValue, TemplateProblem, compile_template, missing, render

ANN = {
    "first_name": "Ann",
    "company": "R&D <b>Ltd</b>",
    "city": "Bern",
    "employees": "1,200",
    "signed_on": "2026-03-09T10:00:00Z",
    "sender.name": "Bob",
}


def text(source: str, **values: str) -> str:
    return render(compile_template(source), {**ANN, **values})


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("Hi {{ first_name }},\n", "Hi Ann,\n"),
        ("{{ sender.name }}", "Bob"),
        ("{{ 'quoted' }} {{ 3 }}", "quoted 3"),
        ("{{ nick|default('there') }}", "there"),
        ("{{ nick|d('there') }}", "there"),
        ("{{ nick|default('') }}!", "!"),
        ("{{ nick|upper|default('there') }}", "there"),
        ("{{ nick|default(first_name) }}", "Ann"),
        ("{{ nick or first_name }}", "Ann"),
        ("{{ first_name|upper }} {{ first_name|lower }}", "ANN ann"),
        ("{{ 'mcDONALD ltd'|capitalize }}", "McDONALD ltd"),
        ("{{ 'mcDONALD  LTD'|title }}", "Mcdonald  Ltd"),
        ("{{ '  a '|trim }}", "a"),
        ("{{ 'Ann Mary'|first_word }}", "Ann"),
        ("{{ 'one two three'|truncate(9) }}", "one two…"),
        ("{{ 'onetwothree'|truncate(4) }}", "one…"),
        ("{{ 'abc'|truncate(3) }}", "abc"),
        ("{{ company|replace('R&D', 'Research') }}", "Research <b>Ltd</b>"),
        ("{{ '1'|plural('day', 'days') }} {{ '2'|plural('day', 'days') }}", "day days"),
        ("{{ employees|number }} {{ '12.5'|number }} {{ '-3'|number }}", "1200 12.5 -3"),
        ("{{ signed_on|date }}", "9 March 2026"),
        ("{{ signed_on|date('short') }} {{ signed_on|date('weekday') }}", "9 Mar Monday"),
        ("{{ signed_on|date('month') }} {{ signed_on|date('iso') }}", "March 2026 2026-03-09"),
        ("{% if city %}in {{ city }}{% endif %}", "in Bern"),
        ("{% if city == 'Bern' %}a{% elif city %}b{% else %}c{% endif %}", "a"),
        ("{% if city != 'Bern' and first_name %}a{% else %}b{% endif %}", "b"),
        ("{% if not nick %}none{% endif %}", "none"),
        ("{% if nick is defined %}a{% else %}b{% endif %}", "b"),
        ("{% if city is defined %}a{% else %}b{% endif %}", "a"),
        ("{% if employees|number > 1000 %}large{% endif %}", "large"),
        ("{% if 'er' in city %}yes{% endif %}{% if 'x' not in city %}no{% endif %}", "yesno"),
        ("{% if nick in 'abc' %}yes{% else %}no{% endif %}", "no"),
        ("{{ 'a' if city else 'b' }}{{ 'x' if nick }}", "a"),
        ("a{# nothing #}b", "ab"),
        ("a\r\nb\n\n", "a\nb\n\n"),
    ],
)
def test_message_reads(source: str, read: str) -> None:
    assert text(source) == read


def test_line_with_nothing_but_a_tag_leaves_no_empty_line() -> None:
    source = "Hi\n{% if city %}\nin {{ city }}\n  {% endif %}  \n{# a note #}\nBye {% if city %}now{% endif %}\nyours"
    assert text(source) == "Hi\nin Bern\nBye now\nyours"


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0"])
def test_blank_value_never_becomes_an_empty_greeting(blank: str) -> None:
    with pytest.raises(MissingValue) as caught:
        text("Hi {{ first_name }},", first_name=blank)
    assert caught.value.names == {"first_name"}


def test_every_missing_value_is_named_at_once() -> None:
    with pytest.raises(MissingValue, match=r"missing: nick, sender\.title, town") as caught:
        text("{{ nick }} {{ town|upper }} {{ sender.title }} {{ first_name }} {{ area|default('x') }}")
    assert caught.value.names == {"nick", "town", "sender.title"}


def test_branch_that_is_not_taken_lacks_nothing() -> None:
    source = compile_template("{% if nick %}Hi {{ nick }}{% else %}Hi {{ alias }}{% endif %}")
    assert missing(source, ANN) == {"alias"}
    assert missing(source, {"nick": "Annie"}) == frozenset()
    assert missing(source, {"alias": "A"}) == frozenset()


def test_both_names_of_a_choice_of_two_lacking_values_lead_to_a_missing_one() -> None:
    assert missing(compile_template("{{ nick or alias }}"), ANN) == {"alias"}
    assert missing(compile_template("{{ nick|default(alias) }}"), ANN) == {"alias"}


def test_value_that_a_filter_empties_is_missing() -> None:
    assert missing(compile_template("Hi {{ first_name|replace('Ann', '') }},"), ANN) == {"first_name"}
    assert text("Hi {{ first_name|replace('Ann', '')|default('there') }},") == "Hi there,"


def test_value_that_is_no_number_or_date_is_missing() -> None:
    assert missing(compile_template("{{ city|number }} {{ first_name|date }}"), ANN) == {"city", "first_name"}
    assert text("{{ city|number|default(0) }}") == "0"


def test_decision_on_a_lacking_number_is_missing_and_not_guessed() -> None:
    source = compile_template("{% if turnover|number > 10 %}large{% else %}small{% endif %}")
    assert missing(source, ANN) == {"turnover"}
    assert missing(source, {"turnover": "much"}) == {"turnover"}
    assert missing(compile_template("{% if turnover|number|default(0) > 10 %}a{% endif %}"), ANN) == frozenset()


def test_values_are_texts_and_never_templates() -> None:
    for value in ("{{ company }}", "}}", "{% if a %}"):
        with pytest.raises(TemplateProblem) as caught:
            text("Hi {{ first_name }}", first_name=value)
        assert caught.value.code == "unrendered"


def test_place_that_was_left_open_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(TemplateProblem, match=r"still hold \[\[your product\]\]") as caught:
        text("About [[your product]]")
    assert caught.value.code == "unrendered"
    with pytest.raises(TemplateProblem):
        text("Hi {{ first_name }}", first_name="[[name]]")
    assert text("a[[0] and [[]] and [[\n]]") == "a[[0] and [[]] and [[\n]]"


def test_braces_left_in_the_text_itself_are_refused() -> None:
    with pytest.raises(TemplateProblem, match="template marks"):
        text("{{ '{{' }} first_name }}")


def test_value_is_never_cut_in_silence() -> None:
    assert len(text("{{ city }}", city="x" * 4_096)) == 4_096
    with pytest.raises(TemplateProblem, match="“city” has 4,097 characters") as caught:
        text("{{ city }}", city="x" * 4_097)
    assert caught.value.code == "value_too_long"
    assert text("{{ first_name }}", city="x" * 4_097) == "Ann"


def test_message_over_the_limit_is_refused() -> None:
    with pytest.raises(TemplateProblem) as caught:
        text("{{ city }}" * 200, city="x" * 4_000)
    assert caught.value.code == "too_long"
    with pytest.raises(TemplateProblem, match="longer than 10 characters"):
        render(compile_template("{{ city }}"), {"city": "x" * 11}, limit=10)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(TemplateProblem) as caught:
        text("{{ city }}", city="a\ud83d")
    assert caught.value.code == "bad_character"
    assert text("{{ city }}", city="a\U0001f600") == "a\U0001f600"


def test_filters_cannot_blow_a_value_up() -> None:
    source = "{{ city" + ("|replace('x', '" + "x" * 150 + "')") * 10 + " }}"
    assert len(text(source, city="x" * 4_000)) == 20_000


def test_html_escapes_values_quoted_texts_and_fallbacks_alike() -> None:
    page = compile_template("<p>{{ company }} {{ nick|default('R&D') }}</p>", html=True)
    assert render(page, ANN) == "<p>R&amp;D &lt;b&gt;Ltd&lt;/b&gt; R&amp;D</p>"
    assert missing(compile_template("<p>{{ nick }}</p>", html=True), ANN) == {"nick"}


def test_names_that_jinja_knows_are_ordinary_names() -> None:
    for name in ("self", "loop", "caller", "range", "dict", "lipsum", "varargs", "context", "environment"):
        assert missing(compile_template(f"{{{{ {name} }}}}"), {}) == {name}
        assert render(compile_template(f"{{{{ {name} }}}}"), {name: "x"}) == "x"


def test_simple_messages_render_fast() -> None:
    source = "Hi {{ first_name }},\n\n{{ company }} in {{ city|default('town') }}?\n\n{{ sender.name }}\n"
    rates = []
    for _ in range(3):
        begun = time.thread_time()
        for _ in range(2_000):
            render(compile_template(source), ANN)
        rates.append(2_000 / (time.thread_time() - begun))
    assert max(rates) > 15_000
