from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.smtp.outcomes import Reply
from sending.smtp.replies import MAX_LINES, MAX_REPLY, Malformed, ReplyParser


def read(data: bytes) -> list[Reply]:
    parser = ReplyParser()
    parser.feed(data)
    replies = []
    while (reply := parser.take()) is not None:
        replies.append(reply)
    return replies


def judge(data: bytes, cuts: list[int]) -> list[object]:
    """Feed the data in pieces; return the replies, then what it ended with."""
    parser, seen = ReplyParser(), list[object]()
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(edges):
            parser.feed(data[start:end])
            while (reply := parser.take()) is not None:
                seen.append(reply)
    except Malformed:
        seen.append(Malformed)
    return seen


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"250 ok\r\n", Reply(250, "", "ok")),
        (b"250\r\n", Reply(250, "", "")),
        (b"250 ok\n", Reply(250, "", "ok")),
        (b"250-one\r\n250-two\r\n250 three\r\n", Reply(250, "", "one\ntwo\nthree")),
        (b"550-5.1.1 one\r\n550 5.1.1 two\r\n", Reply(550, "5.1.1", "one\ntwo")),
        (b"550 5.1.1\r\n", Reply(550, "5.1.1", "")),
        (b"550 5.1.10 x\r\n", Reply(550, "5.1.10", "x")),
        (b"450 5.1.1 x\r\n", Reply(450, "", "5.1.1 x")),
        (b"354 go\r\n", Reply(354, "", "go")),
        (b"250 \xc3\xbc \xff\x00\x1b[31m\r\n", Reply(250, "", "ü ���[31m")),
        (b"250 a\rb\r\n", Reply(250, "", "a�b")),
    ],
)
def test_a_reply_is_read_as_its_code_its_enhanced_code_and_its_words(data: bytes, reply: Reply) -> None:
    assert read(data) == [reply]


@pytest.mark.parametrize(
    "data",
    [b"\r\n", b"ok\r\n", b"25\r\n", b"150 x\r\n", b"650 x\r\n", b"+25 x\r\n", b"2_5 x\r\n", b" 250 x\r\n",
     b"-250 x\r\n",
     b"250-a\r\n550 b\r\n", b"250-a\r\nok\r\n", b"250 " + b"x" * 5_000 + b"\r\n", b"x" * 5_000, b"\xb2\xb5\xb0 x\r\n"],
)  # fmt: skip
def test_what_is_no_reply_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


def test_a_reply_without_its_last_line_is_not_whole() -> None:
    assert read(b"250-one\r\n250-two\r\n") == []
    assert read(b"250 on") == []


def test_two_replies_in_one_packet_are_two() -> None:
    assert [reply.code for reply in read(b"250 a\r\n354 b\r\n")] == [250, 354]


def test_the_lines_and_the_size_of_a_reply_are_bounded() -> None:
    assert read(b"250-x\r\n" * (MAX_LINES - 1) + b"250 x\r\n")
    with pytest.raises(Malformed, match="too long"):
        read(b"250-x\r\n" * (MAX_LINES + 1))
    with pytest.raises(Malformed, match="too long"):
        read((b"250-" + b"x" * 4_000 + b"\r\n") * (MAX_REPLY // 4_000 + 1))


_PIECES = st.sampled_from(
    [b"250", b"550", b" ", b"-", b"\r", b"\n", b"\r\n", b"5.1.1", b"ok", b"\x00", b"\xff", b"354"]
)


@given(
    st.lists(_PIECES, max_size=40).map(b"".join) | st.binary(max_size=200), st.lists(st.integers(0, 500), max_size=6)
)
def test_no_bytes_break_the_parser_and_where_packets_are_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    whole = judge(data, [])
    assert judge(data, cuts) == whole
    for reply in whole:
        if isinstance(reply, Reply):
            assert 200 <= reply.code <= 599
            assert reply.text.replace("\n", "").isprintable()
            assert reply.enhanced == "" or reply.enhanced[0] == str(reply.code)[0]
