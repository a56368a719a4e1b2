"""The HTML of a wording: what is kept of it, and the text that it reads as."""

from __future__ import annotations

import pytest

from campaigns.sequences.markup import MarkupProblem, clean_html, text_of_html
from campaigns.templating import check, compile_template, render

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0cm}</style></head>
<body lang=DE><!--[if gte mso 9]><xml><o:OfficeDocumentSettings/></xml><![endif]-->
<p class=MsoNormal style='mso-margin-top-alt:auto;color:red'>
<span lang=EN-US>Hi&nbsp;{{&nbsp;first_name }}<o:p></o:p></span></p>
</body></html>"""


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<p onclick='x()'>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
        ("<a href='javascript:x()'>a</a><a href='/x'>b</a>", "<a>a</a><a>b</a>"),
        ("<form action='https://x'><input name=a>Hi</form><iframe src='https://x'></iframe>", "Hi"),
        ("<p style='color:red;position:fixed;background:url(x)'>Hi</p>", '<p style="color:red">Hi</p>'),
        ("<img src='http://x.example/a.png' onerror=x>", '<img src="http://x.example/a.png">'),
        ("<p>&nbsp;</p><p><br></p>", ""),
        ("<p>\u05e9\u05dc\u05d5\u05dd \U0001f44b</p>", "<p>\u05e9\u05dc\u05d5\u05dd \U0001f44b</p>"),
    ],
)
def test_only_what_a_mail_needs_is_kept(source: str, kept: str) -> None:
    assert clean_html(source) == kept


def test_a_paste_from_a_word_processor_is_light_afterwards() -> None:
    cleaned = clean_html(WORD)
    assert '<span lang="EN-US">Hi&nbsp;{{ first_name }}</span>' in cleaned
    assert all(word not in cleaned for word in ("mso", "Mso", "xml", "style>", "o:p", "[if"))


@pytest.mark.parametrize(
    "mark",
    [
        '{{ first_name|default("you & <me>") }}',
        '{% if city == "x" %}a{% endif %}',
        "{# a <note> #}",
        "{Hi|Hello}",
    ],
)  # fmt: skip
def test_the_marks_of_the_language_stay_as_they_are_written(mark: str) -> None:
    source = f'<p>{mark}</p><a href="https://x.example/{mark}">a</a>'
    assert clean_html(source) == source
    assert clean_html(clean_html(source)) == source


def test_what_an_editor_made_of_the_signs_in_a_mark_is_undone() -> None:
    assert clean_html("<p>{% if a &gt; b %}x{% endif %}</p>") == "<p>{% if a > b %}x{% endif %}</p>"
    assert clean_html("<p>{{ <b>first</b>_name }}</p>") == "<p>{{ first_name }}</p>"


def test_a_value_cannot_leave_the_address_of_a_link() -> None:
    cleaned = clean_html('<a href="https://x.example/{{ city|default("a") }}">a</a>')
    template = compile_template(cleaned, html=True)
    assert not check(cleaned, known=frozenset({"city"}))
    assert render(template, {"city": '"><script>'}).startswith('<a href="https://x.example/&#34;&gt;&lt;script&gt;">')


@pytest.mark.parametrize("source", ['<img src="data:image/png;base64,AAAA">', "<IMG SRC = data:x>"])
def test_an_image_in_the_html_itself_is_refused_with_a_way_out(source: str) -> None:
    with pytest.raises(MarkupProblem, match="put it on a web server and link it"):
        clean_html(source)


def test_html_that_is_all_tags_is_refused_before_it_is_read() -> None:
    with pytest.raises(MarkupProblem, match="5,000 tags at most"):
        clean_html("<div>" * 5_001)


def test_each_tag_counts_also_one_that_closes_or_is_a_comment() -> None:
    for tag in ("</p>", "<!x>", "<?x>"):
        with pytest.raises(MarkupProblem, match="5,000 tags at most"):
            clean_html("<b>" * 2_000 + tag * 3_001)


def test_html_longer_than_any_letter_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(MarkupProblem, match="200,000 characters at most"):
        clean_html(" " * 200_001)
    assert clean_html("x" * 200_000) == "x" * 200_000


def test_fonts_that_nobody_closes_are_refused_where_each_paragraph_would_repeat_them() -> None:
    fonts = "".join(f"<font size={size}>" for size in range(600))
    assert "size" in clean_html("<p>" + "<font size=1>" * 400 + "x")
    with pytest.raises(MarkupProblem, match="does not close it"):
        clean_html(f"<p>{fonts}" + "<p>x" * 600)
    hidden = "".join(f"<font size={size}><!--</font>-->" for size in range(600))
    with pytest.raises(MarkupProblem, match="does not close it"):
        clean_html(f"<p>{hidden}" + "<p>x" * 600)
    closed = '<p>Hi <b><span lang=EN-US>you</span></b>, <a href="https://x.example/"><i>see</i></a></p>' * 480
    assert clean_html(closed).count("<i>see</i>") == 480


def test_what_was_costly_to_look_for_is_looked_for_in_one_pass() -> None:
    assert clean_html("{# " + "<" * 190_000 + " #}") == "{# " + "<" * 190_000 + " #}"
    assert clean_html("src=" + " " * 190_000 + "x").startswith("src=")
    assert clean_html("<b " + "\n" * 190_000 + "x") == ""


def test_a_mark_that_is_never_closed_saves_no_script() -> None:
    assert "<script" not in clean_html("<p>{{ first <script>alert(1)</script></p>")


def test_the_text_part_reads_as_the_html_and_names_the_targets_of_its_links() -> None:
    source = (
        '<p>Hi {{ first_name|default("you") }},</p><p>see <a href="https://x.example/{{ city }}">this</a><br>or '
        '<a href="mailto:me@x.example">me@x.example</a>.</p><ul><li>one</li></ul>'
    )
    assert text_of_html(source) == (
        'Hi {{ first_name|default("you") }},\n\nsee this (https://x.example/{{ city }})\nor me@x.example.\n\n  * one\n'
    )
