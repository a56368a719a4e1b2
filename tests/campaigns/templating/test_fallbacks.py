"""A fallback by one click: it closes the holes of one variable and changes nothing for who has the value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.templating import (
    MissingValue,
    TemplateProblem,
    bare_uses,
    compile_template,
    missing,
    render,
    with_fallback,
)
from campaigns.templating.fallbacks import USUAL
from campaigns.templating.variables import STANDARD
from tests.campaigns.templating.test_properties import NAMES, TEMPLATES, VALUES


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("Hi {{ first_name }},", "Hi {{ first_name|default('there') }},"),
        ("Hi {{first_name}},", "Hi {{first_name|default('there')}},"),
        ("{{- first_name|upper -}}", "{{- first_name|upper|default('there') -}}"),
        ("{{ nick or first_name }}", "{{ (nick or first_name)|default('there') }}"),
        ("{{ first_name|replace('a', 'b') }}", "{{ first_name|replace('a', 'b')|default('there') }}"),
        ("{{ nick|default(first_name) }}", "{{ nick|default(first_name)|default('there') }}"),
        ("{{ first_name }} {{ first_name }}", "{{ first_name|default('there') }} {{ first_name|default('there') }}"),
        ("{{ first_name|default('you') }}", "{{ first_name|default('you') }}"),
        ("{{ first_name or 'you' }}", "{{ first_name or 'you' }}"),
        ("{% if first_name %}a{% endif %}", "{% if first_name %}a{% endif %}"),
        ("{{ 'a' if first_name else 'b' }}", "{{ 'a' if first_name else 'b' }}"),
        ("{{ (first_name or '')|upper }}", "{{ (first_name or '')|upper|default('there') }}"),
        ("{{ first_name|default('you')|upper }}", "{{ first_name|default('you')|upper }}"),
        ("{# first_name #}{{ 'first_name' }}", "{# first_name #}{{ 'first_name' }}"),
        ("{{ sender.first_name }} {{ my_first_name }}", "{{ sender.first_name }} {{ my_first_name }}"),
        ("{{ first_name|default('you') }}{Hi|Ho}", "{{ first_name|default('you') }}{Hi|Ho}"),
    ],
)
def test_fallback_stands_where_the_value_would_show_and_nowhere_else(source: str, made: str) -> None:
    assert with_fallback(source, "first_name", "there") == made


def test_a_size_gets_a_number_only() -> None:
    source = "{% if employees|number > 50 %}all{% endif %}{{ 'a' if 3 < employees|number else 'b' }}"
    assert with_fallback(source, "employees", "many") == source
    made = with_fallback(source, "employees", "0")
    assert made == (
        "{% if employees|number|default(0) > 50 %}all{% endif %}{{ 'a' if 3 < employees|number|default(0) else 'b' }}"
    )
    assert render(compile_template(made), {}) == "b"


def test_dotted_names_are_one_name() -> None:
    assert with_fallback("{{ sender . name }}", "sender.name", "us") == "{{ sender . name|default('us') }}"


@pytest.mark.parametrize("words", ["it's", 'say "x"', "both ' and \"", "back\\slash \\n", "Grüezi 👋", "مرحبا"])
def test_words_read_as_they_were_typed(words: str) -> None:
    assert render(compile_template(with_fallback("Hi {{ first_name }}", "first_name", words)), {}) == f"Hi {words}"


@pytest.mark.parametrize("words", ["", " ", "a\nb", "{{ x }}", "{a|b}", "x" * 201, "a\x00", "\ud800"])
def test_words_that_no_fallback_can_be_are_refused(words: str) -> None:
    with pytest.raises(TemplateProblem, match="cannot be a fallback"):
        with_fallback("{{ first_name }}", "first_name", words)


def test_a_broken_text_is_refused_and_not_made_worse() -> None:
    for source in ("{{ first_name", "{% for a in b %}{% endfor %}"):
        with pytest.raises(TemplateProblem):
            with_fallback(source, "first_name", "there")


def test_bare_uses_are_those_that_could_show_a_hole() -> None:
    source = "{{ first_name }}{{ city|d('x') }}{% if company and size|number > 3 %}{{ title or phone }}{% endif %}"
    assert bare_uses(source) == {"first_name", "size", "phone"}


def test_usual_fallbacks_are_of_variables_that_there_are() -> None:
    assert set(USUAL) <= set(STANDARD)


@settings(max_examples=250, deadline=None)
@given(TEMPLATES, VALUES, st.sampled_from(NAMES))
def test_fallback_closes_every_hole_of_its_variable_and_keeps_what_others_read(
    source: str, values: dict[str, str], name: str
) -> None:
    made = compile_template(with_fallback(source, name, "7"))
    before = compile_template(source)
    if name in missing(before, {**values, name: ""}):
        assert name not in missing(made, {**values, name: ""})
    try:
        text = render(before, values)
    except (MissingValue, TemplateProblem):
        return
    assert render(made, values) == text


def test_a_filter_that_may_leave_nothing_of_a_value_decides() -> None:
    for source in ("{{ a|plural('', 's') }}", "{{ a|number }}", "{{ a|date }}", "{{ a|replace('x', '') }}"):
        assert compile_template(source).deciding == {"a"}, source
    for source in ("{{ a|upper }}", "{% if a %}x{% endif %}", "{{ a|default('x') }}", "{{ a or 'x' }}"):
        assert compile_template(source).deciding == frozenset(), source


@settings(max_examples=250, deadline=None)
@given(TEMPLATES, VALUES)
def test_what_is_lacking_hangs_on_presence_but_for_the_deciding_variables(source: str, values: dict[str, str]) -> None:
    template = compile_template(source)
    alike = {name: "B9" if value.strip() and name not in template.deciding else value for name, value in values.items()}
    assert missing(template, alike) == missing(template, values)
