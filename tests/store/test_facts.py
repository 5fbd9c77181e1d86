"""Facts on their way into the file: copies of one mail are one fact, and names in the file never change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Handle, Interaction, Party, Role, Signals
from store.facts import KEPT, hash63, key_of, merged, micros, name_key, same, says_more, signals_from, signals_text
from tests.small_world import mail, meeting, party

_texts = st.one_of(st.none(), st.sampled_from(("", "a", "b", "Ä", "x y", "日本")))
_moments = st.integers(0, 10_000).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
_addresses = st.sampled_from(("alice@example.org", "bob@example.org", "Carol@Example.ORG", "dan+x@example.org"))
_parties = st.builds(Party, _addresses.map(lambda a: Handle("email", a)), st.sampled_from(get_args(Role)), _texts)
_words = st.lists(st.sampled_from(("INBOX", "Sent", "x")), max_size=3).map(lambda w: tuple(sorted(set(w))))
_signals = st.builds(
    Signals,
    recipients=st.integers(0, 50),
    list_id=_texts,
    list_post=st.booleans(),
    unsubscribe=st.booleans(),
    precedence=_texts,
    auto_submitted=_texts,
    suppress=st.booleans(),
    null_return_path=st.booleans(),
    feedback_id=st.booleans(),
    calendar=_texts,
    sender=_texts,
    reply_to=_words,
    resent_from=_texts,
    labels=_words,
    date_from=st.sampled_from((None, "received", "none")),
    partstat=_texts,
    attendees=st.integers(0, 50),
    missed=st.booleans(),
)
_copies = st.builds(
    lambda at, parties, title, thread, answers, signals: Interaction(
        "1@mail.example", "mail", at, tuple(parties), "mid:1@mail.example", title, thread, answers, signals
    ),
    _moments,
    st.lists(_parties, max_size=5),
    _texts,
    _texts,
    _texts,
    _signals,
)


@given(_copies, _copies)
def test_it_does_not_matter_which_copy_came_first(a: Interaction, b: Interaction) -> None:
    assert merged(a, b) == merged(b, a)


@given(_copies, _copies, _copies)
def test_it_does_not_matter_in_which_pages_three_copies_came(a: Interaction, b: Interaction, c: Interaction) -> None:
    assert merged(merged(a, b), c) == merged(a, merged(b, c))


@given(_copies, _copies)
def test_a_copy_that_comes_again_changes_nothing(a: Interaction, b: Interaction) -> None:
    both = merged(a, b)
    assert merged(both, a) == both
    assert merged(both, b) == both
    assert merged(both, both) == both
    assert says_more(both, a) is None
    assert says_more(both, b) is None


@given(_copies, _copies)
def test_a_copy_says_more_if_and_only_if_the_fact_becomes_another(a: Interaction, b: Interaction) -> None:
    more = says_more(a, b)
    if more is None:
        assert same(merged(a, b), merged(a, a))
    else:
        assert more == merged(a, b)
        assert not same(more, merged(a, a))


def test_the_copy_in_sent_knows_who_got_a_blind_copy_and_the_lists_copy_knows_the_list() -> None:
    sent = mail(1, "me@example.org", ["garden@lists.example", party("bcc", "bob@example.org", "Bob")], labels=("Sent",))
    back = mail(1, "me@example.org", ["garden@lists.example"], list_id="garden.lists.example", labels=("INBOX",))
    both = merged(back, sent)
    assert [(p.role, p.handle.value, p.name) for p in both.parties] == [
        ("from", "me@example.org", None),
        ("to", "garden@lists.example", None),
        ("bcc", "bob@example.org", "Bob"),
    ]
    assert both.signals == Signals(recipients=2, list_id="garden.lists.example", labels=("INBOX", "Sent"))


def test_a_date_of_its_own_goes_before_one_that_a_server_put_on_it() -> None:
    undated = mail(1, days=9, date_from="received")
    dated = mail(1, days=1)
    assert merged(undated, dated).happened_at == dated.happened_at
    assert merged(undated, dated).signals.date_from is None


@pytest.mark.parametrize(
    "more",
    [
        {"title": "Another"},
        {"parties": (party("from", "alice@example.org"), party("to", "me@example.org"), party("bcc", "b@example.org"))},
        {"parties": (party("from", "alice@example.org", "Alice"), party("to", "me@example.org"))},
        {"thread": "mid:a-thread-that-hashes-lower"},
        {"answers": "mid:0@mail.example"},
        {"signals": Signals(recipients=1, labels=("INBOX",))},
        {"happened_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_copy_that_adds_something_says_more(more: dict[str, object]) -> None:
    before = mail(1, title=None)
    before = replace(before, thread=None)
    after = replace(before, **more)  # type: ignore[arg-type]
    assert says_more(before, after) == merged(before, after)
    assert says_more(merged(before, after), after) is None


def test_keys_are_what_they_were_in_every_file_that_there_is() -> None:
    """Golden: a key that changes would double every interaction of every user."""
    assert hash63("") == 8238016292129134938
    assert hash63("mid:1@mail.example") == 6681189780360130203
    assert hash63("Ünïcode \ud800") == 7726262430246003207
    assert key_of("mail", mail(1)) == hash63("mid:1@mail.example")
    assert key_of("other", mail(1)) == hash63("mid:1@mail.example")
    assert key_of("mail", replace(mail(1), same_as=None)) == hash63("mail\x001@mail.example") == 4754360244955545969
    assert key_of("calendar", meeting(7, "a@example.org", ["b@example.org"])) == hash63("ical:7@calendar.example/")
    assert all(0 <= hash63(str(n)) < 1 << 63 for n in range(1000))


def test_what_comes_out_of_the_file_as_a_number_goes_back_in_as_that_number() -> None:
    assert name_key(f"{KEPT}{name_key('mid:1@mail.example')}") == name_key("mid:1@mail.example")


@given(_signals)
def test_signals_come_back_from_their_text(signals: Signals) -> None:
    assert signals_from(signals_text(signals)) == signals


def test_signals_are_short_texts_in_a_fixed_order_and_tolerate_a_later_kith() -> None:
    assert signals_text(Signals()) == "{}"
    said = '{"recipients":2,"list_id":"ä.example","unsubscribe":true,"labels":["INBOX","Sent"]}'
    assert signals_text(Signals(labels=("INBOX", "Sent"), unsubscribe=True, list_id="ä.example", recipients=2)) == said
    assert signals_from('{"recipients":3,"mood":"good"}') == Signals(recipients=3)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))])))
def test_a_moment_is_its_microseconds_whatever_zone_it_is_said_in(moment: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros(moment)) == moment


def test_a_moment_is_exact() -> None:
    assert micros(datetime(2026, 5, 17, 12, 0, 0, 1, tzinfo=UTC)) == 1_779_019_200_000_001
    assert micros(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1
