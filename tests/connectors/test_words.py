"""Encoded words and raw bytes come out as the text that was meant, and never with what a terminal would obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?=C3=84pfel?=", "Äpfel"),
        ("=?UTF-8?B?w4RwZmVs?= und =?iso-8859-1?Q?Birnen=FC?=", "Äpfel und Birnenü"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a_?=\r\n =?iso-8859-1?q?b?=", "a b"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        ("=?utf-8?b?w4Rw?==?utf-8?b?ZmVs?=", "Äpfel"),
        ("=?utf-8?b?w4R?= =?utf-8?b?wZmVs?=", "Äpfel"),
        ("=?utf-8?b?w4RwZg?=", "Äpf"),
        ("=?utf-8?b?w4Rw ZmVs\t?=", "Äpfel"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?gb2312?B?6Yw=?=", "閷"),  # in GBK only
        ("=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?shift_jis?B?g2WDWINn?=", "テスト"),
        ("=?big5?B?p0Gmbg==?=", "你好"),
        ("=?windows-1252?q?=93a=94?=", "“a”"),
        ("=?iso-8859-1?q?=93a=94?=", "“a”"),
        ("=?us-ascii?q?=E4?=", "ä"),
        ("=?x-unknown?q?=C3=A4?=", "ä"),
        ("=?x-unknown?q?=E4?=", "ä"),
        ("=?utf8?q?=C3=A4?=", "ä"),
        ("=?utf-8?q?=E4?=", "ä"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?utf-8?q?who??=", "who?"),
        ("=?utf-8?q?who?=20me?=", "who? me"),
        ("=?utf-8?q?open and on", "open and on"),
        ("=?utf-8?q?open =?utf-8?q?b?=", "openb"),
        ("=?utf-8?q??=", ""),
        ("x=?utf-8?q?=C3=A4?=y", "xäy"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?", "=?"),
        ("=?utf-8?q?", "=?utf-8?q?"),
    ],
)
def test_encoded_words_are_read_as_meant(text: str, expected: str) -> None:
    assert words.decode(text) == expected


def test_codecs_of_python_that_are_no_charsets_are_not_used() -> None:
    assert "hello" not in words.decode("=?zlib?b?eJzLSM3JyQcABiwCFQ==?=")
    assert words.decode("=?rot13?q?uryyb?=") == "uryyb"
    assert words.codec("punycode") is None


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (b"abc", None, "abc"),
        ("Zoë".encode(), "koi8-r", "Zoë"),
        ("Zoë".encode("latin-1"), None, "Zoë"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        ("你好".encode("gbk"), "gb2312", "你好"),
        ("テスト".encode("iso-2022-jp"), None, "テスト"),
        ("ÄÖÜäöü".encode()[:-1], None, "ÄÖÜäö\ufffd"),
        (b"\x81\x8d", "no-such-charset", "\x81\x8d"),
    ],
)
def test_raw_bytes_are_utf8_or_what_the_header_names_or_western(
    data: bytes, charset: str | None, expected: str
) -> None:
    assert words.plain(data, charset) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'Alice'", "Alice"),
        ("\"'Alice'\"", "Alice"),
        ("Alice\tB.\x00\x1b[2J", "Alice B. [2J"),
        ("O'Neill", "O'Neill"),
        ("Zoe\u0308", "Zoë"),
        ("\ud800x", "\ufffdx"),
        ("''", ""),
    ],
)
def test_names_lose_quotes_and_control_characters(text: str, expected: str) -> None:
    assert words.label(text) == expected


@given(st.one_of(st.text(), st.from_regex(r"(=\?[a-z0-9-]{1,9}\?[bq]\?.{0,9}(\?=)? ?){1,5}")))
def test_any_text_comes_out_fit_to_be_shown(text: str) -> None:
    shown = words.clean(words.decode(text))

    shown.encode("utf-8")
    assert not [c for c in shown if ord(c) < 32 or 127 <= ord(c) < 160]
