"""A page is the same after it went from one process to another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.frames import Decoder, encode
from connectors.base import Card, CardHandle, Gone, Handle, Interaction, Observation, Page, Party, Signals, Unreadable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
HANDLES = st.builds(Handle, st.sampled_from(["email", "name"]), TEXT.filter(lambda t: bool(t.strip())))
PARTIES = st.builds(Party, HANDLES, st.sampled_from(["from", "to", "cc", "bcc"]), st.none() | TEXT)
SIGNALS = st.builds(
    Signals,
    recipients=st.integers(0, 3000),
    list_id=st.none() | TEXT,
    unsubscribe=st.booleans(),
    labels=st.lists(TEXT, max_size=2).map(tuple),
)
INTERACTIONS = st.builds(
    Interaction,
    TEXT,
    st.sampled_from(["mail", "meeting"]),
    MOMENTS,
    st.lists(PARTIES, max_size=4).map(tuple),
    same_as=st.none() | TEXT,
    title=st.none() | TEXT,
    thread=st.none() | TEXT,
    answers=st.none() | TEXT,
    signals=SIGNALS,
)


@given(st.lists(INTERACTIONS, max_size=6), st.none() | st.integers(0, 10**6))
def test_what_comes_out_is_what_went_in(interactions: list[Interaction], left: int | None) -> None:
    page = Page(tuple(interactions), {"v": 1, "at": [1, "x"]}, left)
    assert Decoder().page(encode(page)) == page


def test_everything_that_a_source_may_say_goes_through() -> None:
    card = Card("c", "Zoë", (CardHandle(Handle("phone", "+49 30 1"), "cell"),), tags=("a",))
    rest: tuple[Observation, ...] = (card, Gone("g"), Unreadable("u", "broken"))
    assert Decoder().page(encode(Page(rest, {}))).observations == rest


def test_the_name_across_sources_that_follows_from_the_name_at_home_does_not_travel() -> None:
    mail = Interaction("<1@example.org>", "mail", datetime(2026, 1, 1, tzinfo=UTC), (), same_as="mid:<1@example.org>")
    frame = encode(Page((mail,), {}))
    assert frame.count(b"1@example.org") == 1
    assert Decoder().page(frame).observations == (mail,)


@pytest.mark.parametrize("pages", [1, 3])
def test_a_decoder_remembers_parties_from_page_to_page(pages: int) -> None:
    party = Party(Handle("email", "alice@example.org"), "from", "Alice")
    mail = Interaction("1", "mail", datetime(2026, 1, 1, tzinfo=UTC), (party,))
    decoder = Decoder()
    seen = [decoder.page(encode(Page((mail,), {}))).observations[0] for _ in range(pages)]
    assert {id(i.parties[0]) for i in seen if isinstance(i, Interaction)} == {id(seen[0].parties[0])}  # type: ignore[union-attr]
