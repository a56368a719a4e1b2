"""For any template of the language and any values: it renders or says why not, within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.templating import MissingValue, TemplateProblem, check, compile_template, missing, render

NAMES = ("first_name", "city", "sender.name", "count")
NAME = st.sampled_from(NAMES)
QUOTED = st.sampled_from(["'a'", "'there'", '"it\'s"', "''"])
FILTERS = st.sampled_from(
    ["upper", "lower", "title", "trim", "capitalize", "first_word", "truncate(5)", "replace('a', 'bb')", "default('x')",
     "plural('one', 'many')", "date", "date('iso')"]
)  # fmt: skip
TEXT = st.recursive(
    st.one_of(NAME, QUOTED),
    lambda inner: st.one_of(
        st.builds("{}|{}".format, inner.map("({})".format), FILTERS),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} if {} == {} else {})".format, inner, inner, inner, inner),
    ),
    max_leaves=6,
)
TRUTH = st.one_of(
    TEXT,
    st.builds("{} == {}".format, TEXT, TEXT),
    st.builds("not {}".format, NAME),
    st.builds("{} is defined".format, NAME),
    st.builds("{}|number > 3".format, NAME),
    st.builds("{} in {}".format, TEXT, TEXT),
)
TEMPLATES = st.recursive(
    st.one_of(st.text(alphabet="ab ,.\n", max_size=10), TEXT.map("{{{{ {} }}}}".format)),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, TRUTH, inner, inner),
    ),
    max_leaves=6,
)
VALUES = st.dictionaries(NAME, st.text(alphabet="aB3 \u00df", max_size=8), max_size=4)
NOISE = st.text(alphabet="{}%#|()[]'\" .,-+*/<>=!~:_abifelsndor01\\\n\x00\xe9\u2018", max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEMPLATES, VALUES)
def test_every_template_of_the_language_renders_or_names_what_is_missing(source: str, values: dict[str, str]) -> None:
    assert check(source, known=NAMES) == []
    template = compile_template(source, known=NAMES)
    lacking = missing(template, values)
    assert lacking <= {name for name in NAMES if not values.get(name, "").strip()} | set(values)
    if lacking:
        with pytest.raises(MissingValue) as caught:
            render(template, values)
        assert caught.value.names == lacking
    else:
        text = render(template, values)
        assert render(template, values) == text
        assert "Undefined" not in text
        assert len(text) <= 20_000 * (source.count("{{") + 1) + len(source)


@settings(max_examples=300, deadline=None)
@given(TEMPLATES)
def test_contact_with_every_value_lacks_only_what_is_no_number_or_date(source: str) -> None:
    values = {"first_name": "aa", "city": "aa", "sender.name": "aa", "count": "7"}
    lacking = missing(compile_template(source), values)
    assert not lacking or "date" in source or "number" in source or "''" in source


@settings(max_examples=500, deadline=None)
@given(NOISE)
def test_noise_is_a_template_or_a_problem_and_nothing_else(source: str) -> None:
    problems = check(source, known=NAMES)
    try:
        template = compile_template(source, known=NAMES)
        render(template, {"a": "x"})
    except MissingValue:
        assert not problems
    except TemplateProblem as problem:
        assert problem.code == "unrendered" or problems  # noqa: PT017  # both outcomes are right
    else:
        assert not problems
