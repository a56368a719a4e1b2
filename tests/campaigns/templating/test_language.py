"""What the language has, and how it tells a person what it has not."""

from __future__ import annotations

import pytest

from campaigns.templating import STANDARD, TemplateProblem, check, compile_template

KNOWN = frozenset(STANDARD) | {"employees", "industry"}


def only_problem(source: str) -> TemplateProblem:
    problems = check(source, known=KNOWN)
    assert len(problems) == 1, [problem.message for problem in problems]
    return problems[0]


def test_variables_are_named_with_their_owner() -> None:
    source = "{{ first_name }} {{ sender . name }}{% if city is defined %}{{ company|d('x') }}{% endif %}"
    assert compile_template(source).variables == {"first_name", "sender.name", "city", "company"}


def test_typo_gets_the_nearest_name_with_line_and_column() -> None:
    problem = only_problem("first_name, or frist_name\nHi {{ frist_name }},")
    assert (problem.line, problem.column, problem.code) == (2, 7, "unknown_variable")
    assert problem.message == "There is no “frist_name”."
    assert problem.hint == "Did you mean first_name?"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("First_Name", "first_name"),
        ("firstname", "first_name"),
        ("FIRST_NAME", "first_name"),
        ("compnay", "company"),
        ("sender.nam", "sender.name"),
        ("employes", "employees"),
    ],
)
def test_near_names_are_suggested(written: str, meant: str) -> None:
    assert only_problem(f"{{{{ {written} }}}}").hint == f"Did you mean {meant}?"


def test_name_like_nothing_known_gets_no_suggestion() -> None:
    assert only_problem("{{ qqqqqqqqq }}").hint == ""


def test_unknown_name_is_refused_when_compiled_with_known_names() -> None:
    with pytest.raises(TemplateProblem, match="frist_name"):
        compile_template("{{ frist_name }}", known=KNOWN)
    assert compile_template("{{ frist_name }}").variables == {"frist_name"}


def test_the_first_unknown_name_in_reading_order_is_raised() -> None:
    with pytest.raises(TemplateProblem, match="zzz"):
        compile_template("{{ zzz }} {{ aaa }}", known=KNOWN)


def test_editor_gets_every_problem_in_reading_order() -> None:
    source = "{{ frist_name }}\n{% for a in b %}{{ c }}{% endfor %}\n{{ city|uper }} {{ compnay }}"
    problems = check(source, known=KNOWN)
    assert [(problem.line, problem.code) for problem in problems] == [
        (1, "unknown_variable"),
        (2, "not_allowed"),
        (3, "unknown_filter"),
        (3, "unknown_variable"),
    ]


def test_each_use_of_an_unknown_name_is_told() -> None:
    problems = check("{{ x1 }} x1 {{ x1 }}\n{% if x1 %}'x1'{% endif %}{{ 'x1' }}", known=KNOWN)
    assert [(problem.line, problem.column) for problem in problems] == [(1, 4), (1, 16), (2, 7)]


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("{{ first name }}", 1, 10, "“name” does not belong here."),
        ("Hi\n{{ first_name", 2, 1, "This {{ is never closed."),
        ("Hi {{ first_name }", 1, 4, "This {{ is never closed."),
        ("{{ }}", 1, 1, "There is nothing in these braces."),
        ("{% if city %}x", 1, 4, "An if is not closed."),
        ("x{% endif %}", 1, 5, "This endif belongs to no if."),
        ("{% fi city %}", 1, 4, "There is no tag “fi”."),
        ("{{ city|uper }}", 1, 9, "There is no filter “uper”."),
        ("{% if city is even %}x{% endif %}", 1, 15, "There is no test “even”."),
        ("{{ ci\u200bty }}", 1, 6, "There is a blank of another kind, or a sign that cannot be seen (U+200B)."),
        ("{{ city|d(‘x’) }}", 1, 11, "The quotes ‘ are typographic."),  # noqa: RUF001  # what Word makes of them
        ("{{ city & company }}", 1, 9, "The sign & means nothing here."),
        ("\n {% for a in b %}{% endfor %}", 2, 5, "The language has no loops."),
        ("{{ 1 + 1 }}", 1, 6, "The language has no arithmetic."),
        ("{{ 'a' ~ city }}", 1, 8, "The language has no joining with ~."),
        ("{{ city == 'a' }}", 1, 1, "This would print “True” or “False”."),
        ("{{ city|truncate('a') }}", 1, 9, "The filter “truncate” takes a plain whole number."),
        ("{{ city|truncate(true) }}", 1, 9, "The filter “truncate” takes a plain whole number."),
        ("{{ city|replace('a') }}", 1, 9, "The filter “replace” takes 2 values, not 1."),
        ("{{ city|upper('a') }}", 1, 9, "The filter “upper” takes no values, not 1."),
        ("{{ city|truncate(length=3) }}", 1, 9, "The values of “truncate” have no names."),
        ("{{ city|date('%Y') }}", 1, 9, "The filter “date” does not know this style."),
        ("{% if city == none %}x{% endif %}", 1, 15, "The language has no “none”."),
        ("{% if employees > 10 %}x{% endif %}", 1, 7, "Only numbers can be smaller or larger."),
        ("{% if employees == 10 %}x{% endif %}", 1, 7, "A text is never equal to a number."),
        ("{% if 'a' < city < 'b' %}x{% endif %}", 1, 1, "Compare two values at a time."),
        ("{% if 3 in city %}x{% endif %}", 1, 12, "“in” looks for a text in a text."),
        ("{{ (city == 'a')|upper }}", 1, 18, "“upper” works on text, not on true or false."),
    ],
)
def test_problem_says_where_and_what(source: str, line: int, column: int, words: str) -> None:
    problem = only_problem(source)
    assert (problem.line, problem.column, problem.message) == (line, column, words)


def test_numbers_are_compared_when_they_are_read_as_numbers() -> None:
    assert check("{% if employees|number >= 10 %}x{% endif %}", known=KNOWN) == []
    assert "employees|number" in only_problem("{% if employees > 10 %}x{% endif %}").hint


def test_comments_and_quoted_braces_are_left_alone() -> None:
    assert check("{# {{ nothing }} {% for %} #}{{ '}}'|default('{{') }}", known=KNOWN) == []


def test_html_and_plain_templates_of_one_source_are_kept_apart() -> None:
    assert compile_template("{{ company }}").html is False
    assert compile_template("{{ company }}", html=True).html is True
    assert compile_template("{{ company }}").html is False


def test_compiled_template_is_kept() -> None:
    assert compile_template("{{ company }} kept").code is compile_template("{{ company }} kept").code
