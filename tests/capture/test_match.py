"""Which spellings are one mailbox, and who becomes a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.judge import judge
from capture.match import Me, canonical, somebody
from connectors.base import Handle, Interaction
from tests.small_world import ME, NOW, mail, me, meeting, party


def email(value: str) -> Handle:
    return Handle("email", value)


ONE_MAILBOX = [
    ("Alice@Example.ORG", "alice@example.org"),
    (" alice@example.org ", "alice@example.org"),
    ("alice+news@example.org", "alice@example.org"),
    ("alice+a+b@example.org", "alice@example.org"),
    ("alice+@example.org", "alice@example.org"),
    ("alice.b+x@gmail.com", "aliceb@gmail.com"),
    ("a.l.i.c.e@googlemail.com", "alice@gmail.com"),
    ("ALICE@GoogleMail.com", "alice@gmail.com"),
    ("alice@bücher.example", "alice@xn--bcher-kva.example"),
    ("alice@BÜCHER.example", "alice@xn--bcher-kva.example"),
    ("alice@xn--bcher-kva.example", "alice@xn--bcher-kva.example"),
    ("alice@bu\u0308cher.example", "alice@xn--bcher-kva.example"),
    ("jürgen@example.org", "ju\u0308rgen@example.org"),
    ("anna@straße.example", "anna@xn--strae-oqa.example"),
    ("anna@STRAẞE.bücher.example", "anna@xn--strae-oqa.xn--bcher-kva.example"),
]
TWO_MAILBOXES = [
    ("alice@example.org", "alice@example.com"),
    ("alice@example.org", "alice@mail.example.org"),
    ("alice.b@example.org", "aliceb@example.org"),
    ("alice-news@example.org", "alice@example.org"),
    ("alice_b@example.org", "alice.b@example.org"),
    ("+alice@example.org", "+bob@example.org"),
    ("+@example.org", "@example.org"),
    ("alice@gmail.com.example", "al.ice@gmail.com.example"),
    ("alice@gmail.example", "al.ice@gmail.example"),
    (".@gmail.com", "..@gmail.com"),
    ("alice@bücher.example", "alice@bucher.example"),
    ("anna@straße.example", "anna@strasse.example"),
    ("anna@βόλος.example", "anna@βόλοσ.example"),
    ("jürgen@example.org", "jurgen@example.org"),
    ("alice", "alice@"),
    ("alice+a", "alice+b"),
    ("аlice@example.org", "alice@example.org"),  # the first letter is Cyrillic
]


@pytest.mark.parametrize(("spelling", "other"), ONE_MAILBOX)
def test_spellings_of_one_mailbox_are_one(spelling: str, other: str) -> None:
    assert canonical(email(spelling)) == canonical(email(other))


@pytest.mark.parametrize(("one", "other"), TWO_MAILBOXES)
def test_two_mailboxes_are_two(one: str, other: str) -> None:
    assert canonical(email(one)) != canonical(email(other))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("alice+tag@example.org", "email:alice@example.org"),
        ("+tag@example.org", "email:+tag@example.org"),
        ("+@example.org", "email:+@example.org"),
        ("+tag@gmail.com", "email:+tag@gmail.com"),
        ("...@gmail.com", "email:...@gmail.com"),
        ("alice@googlemail.com", "email:alice@gmail.com"),
        ("alice", "email:alice"),
        ("alice@", "email:alice@"),
        ("@example.org", "email:@example.org"),
        ('"a@b"@example.org', 'email:"a@b"@example.org'),
        ("a@b@example.org", "email:a@b@example.org"),
        ("alice@" + "ü" * 70 + ".example", "email:alice@" + "ü" * 70 + ".example"),
        ("alice@ü..example", "email:alice@ü..example"),
    ],
)
def test_the_canonical_form(value: str, expected: str) -> None:
    assert canonical(email(value)) == expected


def test_what_is_no_mail_address_stays_as_it_is() -> None:
    assert canonical(Handle("phone", "+49 30 1234567")) == "phone:+49301234567"
    assert canonical(Handle("url", "https://example.org/a+b@gmail.com")) == "url:https://example.org/a+b@gmail.com"
    assert canonical(Handle("name", "Alice  Example")) == "name:Alice Example"


@given(st.text(min_size=1).filter(str.strip))
def test_every_handle_has_a_canonical_form_and_it_is_its_own(value: str) -> None:
    handle = email(value)
    found = canonical(handle)
    assert found.startswith("email:")
    again = found.removeprefix("email:")
    if again == again.strip():
        assert canonical(email(again)) == found


# Me


def test_the_user_is_known_in_every_spelling_of_their_handles() -> None:
    robin = Me([email("Robin@Gmail.com"), Handle("phone", "+49 30 1")])
    assert robin.is_me(email("ro.bin+x@googlemail.com"))
    assert robin.is_me(Handle("phone", "+49-30-1"))
    assert not robin.is_me(email("robin@example.org"))
    assert not robin.is_me(Handle("name", "+49301"))
    assert robin.canonicals == {"email:robin@gmail.com", "phone:+49301"}


def test_nobody_is_me_without_handles() -> None:
    assert not Me([]).is_me(email(ME))
    assert not Me([]).wrote(mail(1, ME, "alice@example.org"))


def test_what_one_wrote_or_organised_is_told_from_what_one_received() -> None:
    assert me.wrote(mail(1, ME, "alice@example.org"))
    assert me.wrote(meeting(1, ME, ["alice@example.org"]))
    assert me.wrote(mail(1, "alice@example.org", [party("from", ME)]))
    assert not me.wrote(mail(1, "alice@example.org", ME))
    assert not me.wrote(meeting(1, "alice@example.org", [ME]))


# Who becomes a person


def _known(one: Interaction) -> dict[str, str]:
    return somebody(one, *judge(one, me, False), me, NOW)


def test_those_the_user_writes_to_become_people_in_whatever_field_they_stand() -> None:
    others = [party("cc", "bob@example.org"), party("bcc", "c.arol@gmail.com"), party("to", ME)]
    found = _known(mail(1, ME, [party("to", "Alice+x@example.org"), *others]))
    assert found == dict.fromkeys(["email:alice@example.org", "email:bob@example.org", "email:carol@gmail.com"], "wrote")


def test_a_phone_number_becomes_a_person() -> None:
    assert _known(mail(1, ME, [party("to", "+49301", kind="phone")])) == {"phone:+49301": "wrote"}


@pytest.mark.parametrize("address", ["no-reply@shop.example", "garden-request@lists.example", "alice", "mailer-daemon@x"])
def test_robots_and_what_is_no_address_do_not_become_people(address: str) -> None:
    assert _known(mail(1, ME, [address, "alice@example.org"])) == {"email:alice@example.org": "wrote"}


def test_a_crowd_is_no_acquaintance_and_neither_is_an_automatic_answer() -> None:
    crowd = [f"p{n}@example.org" for n in range(21)]
    assert _known(mail(1, ME, crowd)) == {}
    assert _known(mail(1, ME, "alice@example.org", recipients=21)) == {}
    assert len(_known(mail(1, ME, crowd[:20]))) == 20
    assert _known(mail(1, ME, "alice@example.org", auto_submitted="auto-replied")) == {}


@pytest.mark.parametrize("name", ["Alice Example via Dev List", "'Alice Example' via Board", "Alice via the Board of Example"])
def test_whoever_writes_through_a_relay_makes_nobody_of_its_address(name: str) -> None:
    assert _known(mail(1, party("from", "dev@example.org", name))) == {}
    assert _known(mail(1, party("from", "dev@example.org", "Alice Example"))) == {"email:dev@example.org": "may know"}
