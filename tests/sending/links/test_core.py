"""Which links are followed, and how a message leaves."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sequences.markup import clean_html
from sending.links.core import Marks, Trace, is_destination, links_of, marked, present

MARKS = Marks(link=lambda url: f"<{url}>", trap="T", image="I", opt_out="O")
ALL = Trace.CLICKS | Trace.TEXT_CLICKS | Trace.OPENS | Trace.OPT_OUT


@pytest.mark.parametrize(
    "url",
    ["http://acme.example", "https://acme.example/a?b=c&d=%20#e", "https://xn--bcher-kva.example:8443/x/"],
)
def test_links_of_the_web_may_be_followed(url: str) -> None:
    assert is_destination(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "//evil.example", "ftp://acme.example", "mailto:a@b.example", "data:text/html,x",
        "https://user:secret@acme.example/", "https://acme.example@evil.example/", "https://", "https:///x",
        "http://localhost/", "http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/", "http://2130706433/",
        "http://0x7f.1/", "http://db.internal/", "http://printer.local/", "https://acme.example/a\r\nX: y",
        "https://acme.example/a b", "https://acme.example\\@evil.example/", "https://bücher.example/",
        "https://acme.example:99999/", "https://acme.example/" + "a" * 2000, "", "acme.example",
    ],
)  # fmt: skip
def test_what_is_none_is_left_as_it_is(url: str) -> None:
    assert not is_destination(url)


def test_only_links_behind_words_lead_over_us() -> None:
    html = (
        '<p><a href="https://acme.example/a?x=1&amp;y=2" title="See">our <b>prices</b></a>'
        '<a href="https://acme.example">acme.example</a><a href="https://acme.example/b">https://acme.example/b</a>'
        '<a href="mailto:a@b.example">write</a><a href="#top">up</a></p>'
    )
    assert links_of("", html, Trace.CLICKS) == ["https://acme.example/a?x=1&y=2"]
    _, left = marked("", html, Trace.CLICKS, MARKS)
    assert left == html.replace("https://acme.example/a?x=1&amp;y=2", "&lt;https://acme.example/a?x=1&amp;y=2&gt;") + (
        '<a href="T"></a>'
    )


def test_plain_text_is_followed_only_where_that_is_chosen() -> None:
    text = "See https://acme.example/a, (https://acme.example/b) and http://10.0.0.1/x."
    assert links_of(text, "", Trace.CLICKS) == []
    assert marked(text, "", Trace.CLICKS, MARKS) == (text, "")
    assert links_of(text, "", Trace.CLICKS | Trace.TEXT_CLICKS) == ["https://acme.example/a", "https://acme.example/b"]
    left, _ = marked(text, "", Trace.TEXT_CLICKS, MARKS)
    assert left == "See <https://acme.example/a>, (<https://acme.example/b>) and http://10.0.0.1/x."


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("See https://en.wikipedia.example/wiki/Stack_(data_type).", "https://en.wikipedia.example/wiki/Stack_(data_type)"),
        ("(see https://en.wikipedia.example/wiki/Stack_(data_type))", "https://en.wikipedia.example/wiki/Stack_(data_type)"),
        ("https://acme.example/a_(b_(c))d, too", "https://acme.example/a_(b_(c))d"),
        ("(https://acme.example/a)", "https://acme.example/a"),
        ("[prices](https://acme.example/a?b[]=1)", "https://acme.example/a?b[]=1"),
        ("[https://acme.example/a]", "https://acme.example/a"),
        ("https://acme.example/a(b", "https://acme.example/a"),
        ("https://acme.example/o'neill/", "https://acme.example/o'neill/"),
        ("'https://acme.example/a', he said", "https://acme.example/a"),
        ("*https://acme.example/a*!", "https://acme.example/a"),
        ("<https://acme.example/a>", "https://acme.example/a"),
        ('"https://acme.example/a"', "https://acme.example/a"),
        ("https://acme.example/a?", "https://acme.example/a"),
    ],
)  # fmt: skip
def test_in_plain_text_an_address_is_found_whole(text: str, url: str) -> None:
    assert links_of(text, "", Trace.TEXT_CLICKS) == [url]
    left, _ = marked(text, "", Trace.TEXT_CLICKS, MARKS)
    assert left == text.replace(url, f"<{url}>")


@given(
    text=st.lists(
        st.one_of(
            st.sampled_from(
                ["https://acme.example/a", "http://b.example", "(", ")", "[", "]", "'", ".", " ", "\n", "_"]
            ),
            st.text(max_size=5),
        ),
        max_size=20,
    ).map("".join)
)
def test_of_a_plain_text_nothing_but_its_addresses_changes(text: str) -> None:
    text = text.replace("\0", "")
    marks = replace(MARKS, link=lambda url: f"\0{url}\0")
    left, _ = marked(text, "", Trace.TEXT_CLICKS, marks)
    assert left.replace("\0", "") == text
    assert list(dict.fromkeys(left.split("\0")[1::2])) == links_of(text, "", Trace.TEXT_CLICKS)


def test_only_what_a_message_has_is_said_to_be_followed() -> None:
    link, place = '<a href="https://acme.example/a">words</a>', '<a href="https://acme.example">acme.example</a>'
    assert present("https://acme.example", link, ALL) == ALL
    assert present("Good day", link, ALL) == ALL & ~Trace.TEXT_CLICKS
    assert present("Good day", place, ALL) == Trace.OPENS | Trace.OPT_OUT
    assert present("https://acme.example", "", ALL) == Trace.TEXT_CLICKS | Trace.OPT_OUT
    assert present("https://acme.example", link, Trace(0)) == Trace(0)


def test_a_line_says_how_to_opt_out_in_both_parts_and_the_image_is_in_the_html() -> None:
    text, html = marked("Good day\n", "<body><p>Good day</p></body>", Trace.OPT_OUT | Trace.OPENS, MARKS)
    assert text == "Good day\n\nIf you would rather not hear from me: O\n"
    assert html == (
        '<body><p>Good day</p><p lang="en">If you would rather not hear from me, <a href="O">tell me here</a>.</p>'
        '<img src="I" width="1" height="1" alt=""></body>'
    )


def test_without_a_link_there_is_no_trap_and_without_traces_no_change() -> None:
    assert marked("a", "<p>b</p>", Trace.CLICKS, MARKS) == ("a", "<p>b</p>")
    assert marked("https://acme.example", '<a href="https://acme.example">x</a>', Trace(0), MARKS) == (
        "https://acme.example", '<a href="https://acme.example">x</a>',
    )  # fmt: skip


@given(words=st.text(max_size=40), html=st.text(alphabet="<a href=\"'>/bx:.t?&;", max_size=120))
def test_of_a_cleaned_html_nothing_but_targets_changes(words: str, html: str) -> None:
    before = clean_html(f"<p>{html}<a href='https://acme.example/{len(words)}'>{words}</a></p>")
    _, after = marked("", before, Trace.CLICKS, MARKS)
    assert re.sub(r'href="[^"]*"', "", after.removesuffix('<a href="T"></a>')) == re.sub(r'href="[^"]*"', "", before)
    again = links_of(words, before, ALL)
    assert again == list(dict.fromkeys(again))
