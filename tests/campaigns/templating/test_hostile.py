"""Templates that attack: escapes out of the sandbox, and programs that eat time or memory. All are refused at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from campaigns.templating import TemplateProblem, check, check_spin, compile_template, spin

# Calls and returns, of Python and of C: the largest templates take 120,000 until they are refused, about 10 ms on one
# core (`make bench ARGS=words` tells the times of this machine); an attack that gets through takes millions.
MOST_WORK = 200_000

ESCAPES = {
    "class": "{{ first_name.__class__ }}",
    "mro": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attr filter": "{{ first_name|attr('__class__') }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(first_name) }}",
    "format filter": "{{ '%s'|format(first_name) }}",
    "format_map": "{{ '{a.__class__}'.format_map({'a': first_name}) }}",
    "indirect format": "{% set f = '{}'.format %}{{ f(first_name) }}",
    "map attribute": "{{ [first_name]|map(attribute='__class__')|list }}",
    "globals of a helper": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "lipsum": "{{ lipsum.__globals__ }}",
    "self": "{{ self._TemplateReference__context }}",
    "namespace": "{% set ns = namespace(x=1) %}{{ ns.x }}",
    "joiner": "{{ joiner() }}",
    "config": "{{ config.items() }}",
    "request": "{{ request['application'] }}",
    "subscript": "{{ first_name['__class__'] }}",
    "underscore name": "{{ _v0 }}",
    "our own notes": "{{ _notes }}",
    "dunder name": "{{ __builtins__ }}",
    "two attributes": "{{ sender.name.encode }}",
    "call on a value": "{{ first_name.upper() }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "from import": "{% from 'os' import popen %}",
    "extends": "{% extends 'base.html' %}",
    "block": "{% block a %}{% endblock %}",
    "do": "{% do first_name.append(1) %}",
    "debug": "{% debug %}",
    "autoescape": "{% autoescape false %}{{ first_name }}{% endautoescape %}",
    "raw": "{% raw %}{{ first_name }}{% endraw %}",
    "filter block": "{% filter upper %}x{% endfilter %}",
    "call block": "{% call first_name() %}x{% endcall %}",
    "trans": "{% trans %}x{% endtrans %}",
    "surrogate in a text": "{{ '\\ud800' }}",
    "line break in a text": "{{ 'a\\u2028Bcc: x' }}",
    "nul in a text": "{{ 'a\\x00' }}",
    "nul in the source": "Hi \x00",
    "surrogate in the source": "Hi \ud800",
    "hidden filter": "{{ first_name|is within('a') }}",
}
EATERS = {
    "folded constant": "{% if 0 %}{{ 'a'*10**9 }}{% endif %}",
    "multiplied text": "{{ 'a'*10**9 }}",
    "power": "{{ 10**10000000 }}",
    "power as text": "{{ 10**10000000|string }}",
    "modulo format": "{{ '%1000000000d' % 1 }}",
    "shift by join": "{{ 'a' ~ 'b' }}",
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "loop over a value": "{% for a in first_name recursive %}{{ loop(a) }}{% endfor %}",
    "doubling": "{% set x = 'a' %}" + "{% set x = x ~ x %}" * 40,
    "doubling in a namespace": "{% set n = namespace(s='a') %}" + "{% set n.s = n.s ~ n.s %}" * 40,
    "macro of itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "macro doubling": "{% macro a(n) %}{{ a(n-1) }}{{ a(n-1) }}{% endmacro %}{{ a(30) }}",
    "center": "{{ 'a'|center(1000000000) }}",
    "ljust": "{{ 'a'.ljust(1000000000) }}",
    "zfill": "{{ 'a'.zfill(1000000000) }}",
    "indent": "{{ first_name|indent(1000000000) }}",
    "wordwrap": "{{ first_name|wordwrap(1) }}",
    "slice": "{{ first_name|slice(1000000000)|list }}",
    "batch": "{{ first_name|batch(1, 'a')|list }}",
    "tojson": "{{ first_name|tojson(indent=1000000000) }}",
    "lipsum long": "{{ lipsum(n=100000) }}",
    "range": "{{ range(100000)|list }}",
    "long list": "{{ [" + "1," * 20_000 + "] }}",
    "long dictionary": "{{ {" + "'a':1," * 10_000 + "} }}",
    "many marks": "{{x}}" * 12_000,
    "many tags": "{% if a %}{% endif %}" * 3_000,
    "deep parentheses": "{{ " + "(" * 30_000 + ")" * 30_000 + " }}",
    "deep not": "{{ " + "not " * 15_000 + "a }}",
    "deep minus": "{{ " + "-" * 60_000 + "1 }}",
    "deep if": "{% if a %}" * 400 + "{% endif %}" * 400,
    "deep conditions": "{{ " + "(" * 45 + "a" + " if b)" * 45 + " }}",
    "long or": "{{ " + " or ".join(["a"] * 12_000) + " }}",
    "long attribute": "{{ a" + ".a" * 30_000 + " }}",
    "long filter chain": "{{ a" + "|upper" * 10_000 + " }}",
    "long comparison": "{{ " + " == ".join(["a"] * 10_000) + " }}",
    "many arguments": "{{ a|default(" + ",".join(["1"] * 10_000) + ") }}",
    "many named arguments": "{{ a|default(" + ",".join(f"x{place}=1" for place in range(3_000)) + ") }}",
    "number of many digits": "{{ " + "9" * 60_000 + " }}",
    "long name": "{{ " + "a" * 60_000 + " }}",
    "long text": "{{ '" + "a" * 60_000 + "' }}",
    "long source": "a" * 5_000_000,
    "quotes that never close": "{{ " + "'\\'" * 20_000,
    "comments that never close": "{#" * 30_000,
    "braces only": "{" * 60_000,
    "replacing by much": "{{ a" + ("|replace('b', '" + "b" * 199 + "')") * 45 + " }}",
}
HOSTILE = {**ESCAPES, **EATERS}


def work_of(act: Callable[[], object]) -> int:
    """Return how many calls and returns something takes: the same on every machine."""
    count = 0

    def note(_frame: FrameType, _event: str, _arg: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def refuse(read: Callable[[str], object], source: str) -> None:
    with pytest.raises(TemplateProblem) as refused:
        read(source)
    assert refused.value.message


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_template_is_refused_before_it_can_cost_anything(source: str) -> None:
    assert work_of(lambda: refuse(compile_template, source)) < MOST_WORK


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_template_gets_a_problem_in_the_editor_and_never_an_error(source: str) -> None:
    problems: list[TemplateProblem] = []
    assert work_of(lambda: problems.extend(check(source, known=["first_name", "sender.name"]))) < MOST_WORK
    assert 1 <= len(problems) <= 20
    assert all(problem.message and problem.line >= 1 and problem.column >= 1 for problem in problems)


@pytest.mark.parametrize(
    "source",
    ["{a|b}" * 12_000, "{" * 30_000 + "}" * 30_000, "{a|" * 11 + "b" + "}" * 11, "a|b}", "{a", "a" * 5_000_000 + "{"],
    ids=["many", "deep", "eleven deep", "closing", "open", "long"],
)
def test_hostile_choices_are_refused_at_once(source: str) -> None:
    assert work_of(lambda: refuse(lambda text: spin(text, seed="s"), source)) < MOST_WORK


def test_a_mark_longer_than_anybody_writes_is_refused_where_it_stands_and_a_long_comment_is_not() -> None:
    with pytest.raises(TemplateProblem, match="4,000 is the most") as refused:
        compile_template("Hi\n  {{ a|default('" + "b" * 1_999 + "')|default('" + "b" * 1_999 + "') }}")
    assert (refused.value.line, refused.value.column) == (2, 3)
    assert compile_template("{# " + "why " * 2_000 + "#}Hi {{ a }}").variables == {"a"}


def test_choices_cannot_make_a_template_mark() -> None:
    for source in (r"\{\{ first_name \}\}", r"{\{|\{}{\{|\{} first_name \}\}", r"{\{|\{}% if a %\}"):
        with pytest.raises(TemplateProblem):
            spin(source, seed="s")
        assert check_spin(source)


def test_a_large_honest_template_is_admitted() -> None:
    source = "Dear {{ first_name|default('friend') }}, {% if city %}in {{ city }}{% endif %}\n" * 150
    assert compile_template(source).variables == {"first_name", "city"}
