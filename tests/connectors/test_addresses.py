"""Address lists as the standard has them, and as people and programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import addresses

AB = (None, "a@b")
CD = (None, "c@d")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 5322, appendix A
        ("John Doe <jdoe@machine.example>", [("John Doe", "jdoe@machine.example")]),
        ('"Joe Q. Public" <john.q.public@example.com>', [("Joe Q. Public", "john.q.public@example.com")]),
        (
            'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>, "Giant; \\"Big\\" Box" <s@example.net>',
            [
                ("Mary Smith", "mary@x.test"),
                (None, "jdoe@example.org"),
                ("Who?", "one@y.test"),
                ('Giant; "Big" Box', "s@example.net"),
            ],
        ),
        (
            "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
            [("Ed Jones", "c@a.test"), (None, "joe@where.test"), ("John", "jdoe@one.test")],
        ),
        ("Undisclosed recipients:;", []),
        (
            "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
            [("Pete", "pete@silly.test")],
        ),
        (
            "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n joe@example.org;(the end)",
            [("Chris Jones", "c@public.example"), (None, "joe@example.org")],
        ),
        ("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", []),
        (
            "Mary Smith <@node.test,@two.test:mary@example.net>, , jdoe@test  . example",
            [("Mary Smith", "mary@example.net"), (None, "jdoe@test.example")],
        ),
        ("John Doe <jdoe@machine(comment).  example>", [("John Doe", "jdoe@machine.example")]),
        # names
        ("", []),
        ("a@b", [AB]),
        ("<a@b>", [AB]),
        ("a@b <a@b>", [AB]),
        ("'a@b' <a@b>", [AB]),
        ("A@B <a@b>", [AB]),
        ("Alice<a@b>", [("Alice", "a@b")]),
        ("'Alice' <a@b>", [("Alice", "a@b")]),
        ("Alice O'Neill <a@b>", [("Alice O'Neill", "a@b")]),
        ('"Alice" "B." <a@b>', [("Alice B.", "a@b")]),
        ("Alice B. C. <a@b>", [("Alice B. C.", "a@b")]),
        ("a@b (Alice)", [("Alice", "a@b")]),
        ("a@b (Alice (the) First)", [("Alice (the) First", "a@b")]),
        ("<a@b> (Alice)", [("Alice", "a@b")]),
        ("Alice <a@b> (Bob)", [("Alice", "a@b")]),
        ("Alice a@b", [("Alice", "a@b")]),
        ('"Alice" a@b', [("Alice", "a@b")]),
        ("Alice (a@b)", [("Alice", "a@b")]),
        ('"Alice <a@b>"', [("Alice", "a@b")]),
        ("Re: Alice <a@b>", [("Re: Alice", "a@b")]),
        ("Zoë <zoë@exämple.org>", [("Zoë", "zoë@exämple.org")]),
        # commas in names, missing and superfluous commas
        ('"Doe, Jane" <a@b>, c@d', [("Doe, Jane", "a@b"), CD]),
        ("Doe, Jane <a@b>, Roe, Joe <c@d>", [("Doe, Jane", "a@b"), ("Roe, Joe", "c@d")]),
        ("Doe, Jane, MD <a@b>", [("Doe, Jane, MD", "a@b")]),
        ("root, Alice <a@b>", [(None, "root"), ("Alice", "a@b")]),
        ("a@b,,c@d,", [AB, CD]),
        ("a@b c@d", [AB, CD]),
        ("Alice <a@b> Bob <c@d>", [("Alice", "a@b"), ("Bob", "c@d")]),
        ("a@b; Bob <c@d>;", [AB, ("Bob", "c@d")]),
        ("Friends: a@b, c@d", [AB, CD]),
        # brackets and quotes that do not match
        ("Alice <a@b", [("Alice", "a@b")]),
        ("Alice <a@b, Bob <c@d>", [("Alice", "a@b"), ("Bob", "c@d")]),
        ("Alice <a@b Bob <c@d>", [("Alice", "a@b"), ("Bob", "c@d")]),
        ("<<a@b>>", [AB]),
        ("a@b>", [AB]),
        ("[a@b]", [AB]),
        ("<'a@b'>", [AB]),
        ("< a@b >", [AB]),
        ('"Alice <a@b>, Bob <c@d>', [("Alice", "a@b"), ("Bob", "c@d")]),
        ("a@b (Alice", [AB]),
        ("<a@b, c@d>", [AB, CD]),
        ("Alice <>", []),
        ("a@b <>", [AB]),
        ("a@b <Alice>", [AB]),
        # local parts and domains
        ('"jane doe"@x.org', [(None, '"jane doe"@x.org')]),
        ('Jane <"jane doe"@x.org>', [("Jane", '"jane doe"@x.org')]),
        ('"jane.doe"@x.org', [(None, "jane.doe@x.org")]),
        ("jane . doe @ x . org", [(None, "jane.doe@x.org")]),
        ("<@a,@b:c@d>", [CD]),
        ("a@[127.0.0.1], a@[IPv6:::1]", [(None, "a@[127.0.0.1]"), (None, "a@[IPv6:::1]")]),
        ("a@b@c", [(None, "a@b@c")]),
        ("a@b.", [AB]),
        ("mailto:a@b, <mailto:c@d>", [AB, CD]),
        ("root", [(None, "root")]),
        ("Cron <root>", [("Cron", "root")]),
        ("Mail Delivery", []),
        ("@b, a@", []),
        ("undisclosed-recipients:", []),
        ("undisclosed-recipients", []),
        ("<Undisclosed-Recipient:;>", []),
        ("<Undisclosed-Recipient:@x.org;>", []),
        # encoded words
        ("=?utf-8?q?Zo=C3=AB?= <a@b>", [("Zoë", "a@b")]),
        ("=?utf-8?q?Doe=2C_Zo=C3=AB?= <a@b>, c@d", [("Doe, Zoë", "a@b"), CD]),
        ("=?utf-8?q?Doe,_Zo=C3=AB?= <a@b>, c@d", [("Doe, Zoë", "a@b"), CD]),
        ("=?utf-8?q?Doe, Zo=C3=AB?= <a@b>, c@d", [("Doe, Zoë", "a@b"), CD]),
        ('"=?utf-8?q?Zo=C3=AB?=" <a@b>', [("Zoë", "a@b")]),
        ('"=?utf-8?q?x@y?= <z@w>', [("x@y", "z@w")]),
        ("=?utf-8?q?a=40b?= <c@d>", [("a@b", "c@d")]),
        ("=?utf-8?q?Zo=C3=AB_=3Ca=40b=3E?=", [("Zoë", "a@b")]),
        ("=?utf-8?q?Zo?= =?utf-8?q?=C3=AB?= =?iso-8859-1?q?_D?= <a@b>", [("Zoë D", "a@b")]),
        ("a@b (=?utf-8?q?Zo=C3=AB?=)", [("Zoë", "a@b")]),
        ("=?utf-8?q?Zo=C3=AB <a@b>, c@d", [("Zoë", "a@b"), CD]),
    ],
)
def test_a_list_is_read_as_meant(text: str, expected: list[tuple[str | None, str]]) -> None:
    assert addresses(text) == expected


PIECE = st.sampled_from(
    [*"\"<>@,;:()\\[]. '=?", "=?utf-8?q?", "?=", "a", "b.c", "é", "\x00", "\n", "\ud800", " <a@b>, "]
)


@given(st.one_of(st.text(), st.lists(PIECE, max_size=40).map("".join)))
def test_any_text_gives_addresses_and_names_without_blanks_around(text: str) -> None:
    for name, address in addresses(text):
        assert address
        assert address == address.strip()
        assert name is None or (name and name == name.strip())


@given(st.lists(st.tuples(st.sampled_from(["", "Alice", '"Doe, Jane"', "=?utf-8?q?Zo=C3=AB?="]), st.integers(0, 99))))
def test_every_address_of_a_sound_list_is_found_in_its_order(people: list[tuple[str, int]]) -> None:
    text = ", ".join([f"{name} <u{n}@example.org>" for name, n in people])

    assert [address for _, address in addresses(text)] == [f"u{n}@example.org" for _, n in people]


def test_a_control_character_in_an_address_does_not_come_out() -> None:
    assert [address for _, address in addresses("\x01@\x01, a\x02b@example.org")] == ["b@example.org"]
