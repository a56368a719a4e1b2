"""The lint sees what hurts a mail, tells the gravest first, and does not cry wolf."""

from __future__ import annotations

import time

import pytest

from campaigns.templating import Identity, Severity, lint
from campaigns.templating.lint.lists import shorteners, spam_groups

GOOD = "Hi {{ first_name|default('THERE OK') }},\n\nIs {{ company }} hiring? See https://example.com/a.\n\nBob"


def codes(subject: str = "A question", body: str = GOOD, *, opens_thread: bool = True) -> list[str]:
    return [finding.code for finding in lint(subject, body, opens_thread=opens_thread)]


def test_good_mail_has_no_findings() -> None:
    assert codes() == []


@pytest.mark.parametrize("subject", ["Re: hello", "RE : hello", "Fwd: x", "FW: x", "AW: x", "re[2]: x"])
def test_fake_thread_blocks_what_opens_a_thread_only(subject: str) -> None:
    (finding,) = lint(subject, GOOD)
    assert (finding.code, finding.severity) == ("fake_thread", Severity.BLOCK)
    assert codes(subject, opens_thread=False) == []


@pytest.mark.parametrize(
    "subject",
    [
        "{Re|RE}: our call, {{ first_name }}",
        "{a|{b|Re}}[2]: x",
        "R{e|egarding}: x",
        "{{ 'Re:' }} x",
        "{{ company or 'RE' }}: x",
        "{{ company|default('Fwd:') }} x",
        "{% if company %}Hello{% else %}Re{% endif %}: x",
        "{% if company %}{% if city %}x{% endif %}Fwd: {% endif %}x",
        "{# a word #}Re: x",
        "\u200bRe: x",
        "R\u00ade\u2060 : x",
        "\uff32\uff45\uff1a x",  # wide letters
        "R\u0435: x",  # the Cyrillic e
        "\u201cRe: x",
        "Re(2): x",
        "Antw: x",
        "Odp: x",
        "\u041e\u0442\u0432: x",
        "\u56de\u590d\uff1ax",
        "Re: {50% off",  # no template at all
    ],
)
def test_pretended_answer_is_seen_in_each_guise(subject: str) -> None:
    assert "fake_thread" in codes(subject)


@pytest.mark.parametrize(
    "subject",
    ["{{ first_name }}: Re: x", "R2: storage", "{Hello|Hi} Re: x", "Sales re: x", "{{ company }}: x", "Reality: x", ""],
)
def test_what_only_resembles_an_answer_is_fine(subject: str) -> None:
    assert codes(subject) == []


def test_subject_of_many_choices_is_read_at_once() -> None:
    begun = time.perf_counter()
    assert "fake_thread" not in codes("{a|b|{c|d}}" * 200 + "{Re|e}:")
    assert "fake_thread" in codes("{r|e|}" * 400 + ":")
    assert time.perf_counter() - begun < 2


def test_subject_that_only_begins_like_a_mark_of_answers_is_fine() -> None:
    assert codes("Rethinking: a plan") == []
    assert codes("Regarding: a plan") == []


@pytest.mark.parametrize(
    "token",
    ["[First Name]", "%FIRST_NAME%", "<<name>>", "*|FNAME|*", "${name}", "{{ first_name", "first_name }}", "[insert]"],
)
def test_token_of_whatever_program_blocks(token: str) -> None:
    findings = lint("A question", f"Hi {token},")
    assert [(one.code, one.severity) for one in findings] == [("unrendered_token", Severity.BLOCK)]
    assert token.strip("first_name ") in findings[0].what


def test_place_that_a_template_left_open_blocks_and_is_named() -> None:
    (finding,) = lint("About [[your product]]", "Hi,\n\nI saw [[First Name]] and {{ company }}.")
    assert (finding.code, finding.severity) == ("open_place", Severity.BLOCK)
    assert finding.what == "This is still to be filled in: [[First Name]], [[your product]]."
    assert codes(body=GOOD + " [[not\none line]] [[]]") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("https://a.example and https://b.example", "links"),
        ("www.a.example, www.b.example", "links"),
        ("<img src='x'>", "image"),
        ("![logo](x.png)", "image"),
        ("data:image/png;base64,AAAA", "data_image"),
        ("word " * 201, "long_body"),
        ("GREAT NEWS now", "shouting"),
        ("Now!!", "punctuation"),
        ("Really?!", "punctuation"),
    ],
)
def test_weak_wording_is_found(body: str, code: str) -> None:
    assert codes(body=body) == [code]


def test_long_subject_is_noted() -> None:
    assert codes("x" * 71) == ["long_subject"]
    assert codes("x" * 70) == []


def test_one_word_in_capitals_may_be_a_name() -> None:
    assert codes(body="I work at NASA.") == []


def test_gravest_finding_comes_first_and_each_says_what_why_and_how() -> None:
    findings = lint("Re: " + "X" * 80, "HELLO THERE!! [First Name]")
    assert [one.severity for one in findings] == sorted(
        (one.severity for one in findings), key=[Severity.BLOCK, Severity.WARN, Severity.NOTE].index
    )
    assert all(one.what and one.why and one.fix for one in findings)


OPT_OUT = "If you would rather not hear from me, just say so."


def of_page(html: str, *, body: str = "") -> list[str]:
    return [finding.code for finding in lint("A question", body or "the same words stand in both of these parts", html)]


def same(words: str = "") -> str:
    return f"<p>the same words stand in both of these parts {words}</p>"


@pytest.mark.parametrize(
    ("html", "code"),
    [
        (same("<a href='https://evil.example/x'>www.bank.example</a>"), "link_mismatch"),
        (same("<a href='https://evil.example/x'>https://bank.example/login</a>"), "link_mismatch"),
        (same("<a href='https://bank.example.evil.example/x'>bank.example</a>"), "link_mismatch"),
        (same("<a href='https://bank.example@evil.example/x'>bank.example</a>"), "link_mismatch"),
        (same("<a href='mailto:x@evil.example'>x@bank.example</a>"), "link_mismatch"),
        (same("<a href='https://bit.ly/x'>here</a>"), "link_shortener"),
        (same("<a href='https://192.0.2.7/x'>here</a>"), "link_to_number"),
        (same("<a href='https://[2001:db8::1]/x'>here</a>"), "link_to_number"),
        (same("<a href='http://a.example/x'>here</a>"), "http_link"),
        (same("<a href='https://a.example/x'>a</a> <a href='https://a.example/y'>b</a>"), "links"),
        (same("<img src='data:image/png;base64,AAAA' alt='x'>"), "data_image"),
        (same("<img src='https://a.example/x.png' alt='x'>"), "image"),
        (same("<span style='display: none'>secret</span>"), "hidden_text"),
        (same("<span style='font-size:0'>secret</span>"), "hidden_text"),
        (same("<p class=MsoNormal>a<o:p></o:p></p>"), "office_markup"),
        ("<p>entirely other words were written into the second one</p>", "parts_differ"),
        (same() + "<!-- " + "x" * 30_000 + " -->", "large_html"),
        (same() + "<!-- " + "x" * 100_000 + " -->", "heavy_html"),
        (same("{{ first_name }} [First Name]"), "unrendered_token"),
    ],
)
def test_weak_page_is_found(html: str, code: str) -> None:
    assert code in of_page(html)


def test_good_page_has_no_findings() -> None:
    assert of_page(same("<a href='https://www.example.com/a?b=1'>example.com</a>")) == []
    assert of_page(same("<a href='mailto:x@a.example'>x@a.example</a>")) == []
    assert of_page(same("<a href='https://a.example'>our page</a> <a href='tel:+41'>+41</a>")) == []


def test_pictures_without_words_or_without_text_beside_them_are_found() -> None:
    codes = of_page("<img src='https://a.example/x.png'>", body="See this")
    assert codes == ["image", "image_ratio", "image_alt"]


def test_html_without_a_text_blocks() -> None:
    findings = lint("A question", " ", "<p>Hi</p>")
    assert [(one.code, one.severity) for one in findings] == [("no_text_part", Severity.BLOCK)]


@pytest.mark.parametrize("source", ["Hi {{ first_name|default('') }},", "Hi {{ first_name|d(' ')|title }},"])
def test_fallback_that_leaves_a_hole_is_found(source: str) -> None:
    (finding,) = lint("A question", source)
    assert finding.code == "empty_fallback"
    assert "Where first_name is missing" in finding.what


def test_fallback_with_words_or_in_a_condition_is_fine() -> None:
    assert codes(body="{{ a|default('x') }}{% if a|default('') == 'b' %}b{% endif %}") == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("you can make money with it", "spam_money"),
        ("a free trial", "spam_free"),
        ("act now", "spam_pressure"),
        ("we guarantee it", "spam_guarantee"),
        ("Click here", "spam_click"),
        ("Dear Sir/Madam", "spam_excuse"),
        ("SEO services", "spam_trade"),
    ],
)
def test_mistrusted_words_are_told_with_their_reason(words: str, code: str) -> None:
    (finding,) = lint("A question", words)
    assert (finding.code, finding.severity) == (code, Severity.NOTE)
    assert "SpamAssassin" in finding.why


def test_many_mistrusted_words_weigh_more_and_parts_of_words_nothing() -> None:
    findings = lint("A question", "Click here for a free trial: act now")
    assert {one.severity for one in findings} == {Severity.WARN}
    assert codes(body="A freelancer hurried to the winners of guaranteeing") == []


def test_letters_that_only_look_alike_or_are_not_seen_are_found() -> None:
    assert codes(body="Your p\u0430ypal account") == ["mixed_letters"]
    assert codes(body="fr\u200bee") == ["invisible"]
    assert codes(body="Привет, Ada. Γειά") == []


@pytest.mark.parametrize(
    "line",
    [
        OPT_OUT, 'Reply "no" and I won\'t write again.',
        "Wenn Sie keine weiteren E-Mails möchten, genügt eine Antwort.",
        "Pour ne plus recevoir de messages, dites-le-moi.",
        "Si no desea recibir más correos, dígamelo.", "If this is not for you, let me know and I will not write again.",
    ],
)  # fmt: skip
def test_line_that_lets_one_opt_out_is_known(line: str) -> None:
    signed = Identity("")
    assert lint("A question", f"Hi Ada.\n{line}", signed=signed) == []
    (finding,) = lint("A question", "Hi Ada.", signed=signed)
    assert (finding.code, finding.severity) == ("no_opt_out", Severity.NOTE), "a line below will say it"
    assert lint("A question", "Hi Ada.") == []


def test_postal_address_counts_in_the_text_or_in_each_signature() -> None:
    address = "Acme, 5 Market Square\n00-001 Warsaw"
    ada, bob = "Ada\nAcme, 5 Market Square, 00-001 Warsaw", "Bob\nAcme · 5 Market Square · 00-001 Warsaw"
    assert lint("A question", OPT_OUT, signed=Identity(address, (ada, bob))) == []
    one = Identity(address, (ada, "Bob"))
    (finding,) = lint("A question", OPT_OUT, signed=one)
    assert (finding.code, finding.severity) == ("no_address_line", Severity.WARN)
    assert lint("A question", f"{OPT_OUT}\n{address}", signed=one) == []
    assert lint("", OPT_OUT, opens_thread=False, signed=one)[0].severity == Severity.NOTE
    assert [found.code for found in lint("A question", OPT_OUT, signed=Identity(address, ()))] == ["no_address_line"]
    assert lint("A question", f"{OPT_OUT}\n{{{{ sender . postal_address }}}}", signed=one) == [], "it will stand there"
    asked_for = f"{OPT_OUT}\n{{% if sender.postal_address %}}{{% endif %}}{{{{ sender.postal_address_2 }}}}"
    assert [found.code for found in lint("A question", asked_for, signed=one)] == ["no_address_line"]


@pytest.mark.parametrize(
    "text",
    [
        f"{{Hi.|{OPT_OUT}}}",
        f"{{{OPT_OUT}|{{{OPT_OUT}|Bye.}} }} {{Hi|{OPT_OUT}}}",
        f"{{% if company %}}{OPT_OUT}{{% endif %}}",
        f"{{% if company %}}{OPT_OUT}{{% elif city %}}Hi{{% else %}}{OPT_OUT}{{% endif %}}",
        f"{{{{ company or '{OPT_OUT}' }}}}",
        f"{{# {OPT_OUT} #}}",
    ],
)
def test_line_that_only_some_would_read_does_not_count(text: str) -> None:
    assert [one.code for one in lint("A question", text, signed=Identity(""))] == ["no_opt_out"]


@pytest.mark.parametrize(
    "text",
    [
        f"{{{OPT_OUT}|Reply “no” and I won't write again.}}",
        "If you would {rather|prefer} not hear from me, {say so|tell me}.",
        f"{{% if company %}}{OPT_OUT}{{% else %}}To unsubscribe, reply “stop”.{{% endif %}}",
        f"{{Hi|Hello}} {{% if company %}}at {{{{ company }}}}{{% endif %}}. {OPT_OUT}",
    ],
)
def test_line_that_everybody_reads_counts_however_it_is_made(text: str) -> None:
    assert lint("A question", text, signed=Identity("")) == []


def test_each_part_says_who_writes_and_how_to_make_it_stop() -> None:
    signed = Identity("1 Main Street")
    text, html = f"{OPT_OUT} 1 Main Street", f"<p>{OPT_OUT}<br>1 <b>Main</b> Street</p>"
    assert lint("A question", text, html, signed=signed) == []
    found = lint("A question", text, "<p>Just say so.</p>", signed=signed)
    assert [(one.code, one.what.split(" not ")[0]) for one in found if one.code.startswith("no_")] == [
        ("no_address_line", "The HTML does"),
        ("no_opt_out", "The HTML does"),
    ]
    both = lint("A question", "Hi Ada.", "<p>Hi Ada.</p>", signed=Identity(""))
    assert both[0].what == "The text and the HTML do not say how to hear no more."


def test_lists_are_whole_and_every_group_has_its_words() -> None:
    assert len(spam_groups()) == 7
    assert all(group.why.endswith(".") and group.fix and group.words.pattern for group in spam_groups())
    assert all(host == host.lower() and "." in host for host in shorteners())


@pytest.mark.parametrize(
    "html",
    [
        "<" * 60_000, "<a href='" * 8_000, "<!--" * 15_000, "<![CDATA[" * 7_000, "<div>" * 12_000, "&#" * 30_000,
        "<a <a" * 12_000,
    ],
    ids=["less", "href", "comment", "cdata", "deep", "entity", "nested"],
)  # fmt: skip
def test_hostile_page_is_read_in_no_time(html: str) -> None:
    begun = time.thread_time()
    lint("A question", "Hi", html)
    assert time.thread_time() - begun < 2  # an attack takes minutes
