"""What vanishes from a DAV server, and what comes as time passes."""

from __future__ import annotations

from datetime import date

import pytest

from connectors import paging
from connectors.base import Card, Interaction
from tests.connectors.dav_pulls import BOOK, WORK, Clock, clock, dav, fill, gone, last, pull, said, titles
from tests.servers.dav_items import event
from tests.servers.small_dav import Collection, SmallDav

__all__ = ["clock", "dav"]


class TestVanished:
    """C04: what vanishes all at once is not believed for an hour."""

    def test_an_emptied_calendar_withdraws_nothing_and_when_it_is_back_says_nothing(self, dav: SmallDav, clock: Clock) -> None:
        fill(dav, 30)
        cursor = last(pull(dav))
        calendar = dav.collections[WORK]
        before = dict(calendar.resources)
        calendar.delete()
        for _ in range(3):
            pages = pull(dav, cursor)
            assert said(pages) == []
            cursor = last(pages, cursor)
            clock.wait(minutes=15)
        for name, data in before.items():
            calendar.put(name, data)
        pages = pull(dav, cursor)
        assert said(pages) == []
        clock.wait(hours=2)
        assert said(pull(dav, last(pages, cursor))) == []

    @pytest.mark.parametrize("sync", [True, False])
    def test_another_calendar_at_the_place_of_one_that_went_is_read_anew(self, dav: SmallDav, sync: bool) -> None:
        """Where tokens and CTags count changes (sabre/dav), that of the new one may be that of the old one."""
        dav.sync = sync
        fill(dav, 3)
        cursor = last(pull(dav))
        del dav.collections[WORK]
        pages = pull(dav, cursor)
        assert said(pages) == []
        dav.collections[WORK] = Collection("calendar")
        for name in ("e1", "e2", "new"):
            dav.collections[WORK].put(f"{name}.ics", event(name, summary=name))
        pages = pull(dav, last(pages, cursor))
        assert titles(pages) == ["new"]
        assert len(gone(pages)) == 1

    @pytest.mark.parametrize("whole", [True, False], ids=["the calendar", "its events"])
    def test_after_an_hour_what_is_to_come_is_withdrawn_and_history_stays(
        self, dav: SmallDav, clock: Clock, whole: bool
    ) -> None:
        fill(dav, 30)
        dav.collections[WORK].put("ahead.ics", event("ahead", "20260320T100000Z", summary="ahead"))
        first = pull(dav)
        ahead = [each.native_id for each in said(first) if isinstance(each, Interaction) and each.title == "ahead"]
        if whole:
            del dav.collections[WORK]
        else:
            dav.collections[WORK].delete()
        second = pull(dav, last(first))
        assert said(second) == []
        clock.wait(minutes=61)
        third = pull(dav, last(second))
        assert gone(third) == [ahead[0].partition("/")[0] + "/"]
        assert said(pull(dav, last(third))) == []

    @pytest.mark.parametrize("whole", [True, False], ids=["the book", "its cards"])
    def test_an_address_book_is_withdrawn_after_an_hour(self, dav: SmallDav, clock: Clock, whole: bool) -> None:
        dav.collections[BOOK] = Collection("addressbook")
        fill(dav, 30, BOOK)
        first = pull(dav, kind="carddav")
        if whole:
            del dav.collections[BOOK]
        else:
            dav.collections[BOOK].delete()
        second = pull(dav, last(first), "carddav")
        assert said(second) == []
        clock.wait(minutes=61)
        third = pull(dav, last(second), "carddav")
        cards = [each.native_id.partition("/")[0] + "/" for each in said(first) if isinstance(each, Card)]
        assert sorted(gone(third)) == sorted(cards)
        assert said(pull(dav, last(third), "carddav")) == []

    def test_most_of_a_calendar_is_not_believed_either(self, dav: SmallDav) -> None:
        fill(dav, 60)
        cursor = last(pull(dav))
        dav.collections[WORK].delete(*(f"e{number}.ics" for number in range(40)))
        assert said(pull(dav, cursor)) == []

    def test_single_deletions_are_withdrawn_at_once(self, dav: SmallDav) -> None:
        fill(dav, 60)
        cursor = last(pull(dav))
        dav.collections[WORK].delete(*(f"e{number}.ics" for number in range(19)))
        assert len(gone(pull(dav, cursor))) == 19

    def test_a_calendar_that_is_back_under_its_path_says_only_what_is_new(self, dav: SmallDav, clock: Clock) -> None:
        fill(dav, 5)
        cursor = last(pull(dav))
        calendar = dav.collections.pop(WORK)
        cursor = last(pull(dav, cursor))
        clock.wait(minutes=30)
        dav.collections[WORK] = calendar
        calendar.put("new.ics", event("new", summary="new"))
        pages = pull(dav, cursor)
        assert titles(pages) == ["new"]
        assert gone(pages) == []
        clock.wait(hours=2)
        assert said(pull(dav, last(pages))) == []

    def test_a_calendar_that_moves_is_said_anew_and_takes_no_history_with_it(self, dav: SmallDav, clock: Clock) -> None:
        fill(dav, 5)
        dav.collections[WORK].put("ahead.ics", event("ahead", "20260320T100000Z", summary="ahead"))
        first = pull(dav)
        dav.collections["/me/cal/moved/"] = dav.collections.pop(WORK)
        second = pull(dav, last(first))
        assert gone(second) == []
        assert titles(second) == titles(first)
        clock.wait(minutes=61)
        third = pull(dav, last(second))
        assert len(gone(third)) == len(said(third)) == 1


class TestHorizon:
    def test_as_time_passes_what_goes_on_is_said_further_and_nothing_twice(self, dav: SmallDav, clock: Clock) -> None:
        fill(dav, 5)
        daily = event("daily", "20260225T100000Z", "RRULE:FREQ=DAILY", summary="daily")
        dav.collections[WORK].put("daily.ics", daily)
        dav.collections[WORK].put("later.ics", event("later", "20260510T100000Z", summary="later"))
        pages = pull(dav)
        heard = [each.native_id for each in said(pages)]
        assert "later" not in titles(pages)
        for _ in range(3):
            clock.wait(days=5)
            pages = pull(dav, last(pages))
            assert gone(pages) == []
            heard += [each.native_id for each in said(pages)]
            dav.requests.clear()
            assert pull(dav, last(pages)) == []
            assert dav.requests == [("PROPFIND", "/me/cal/")]
        assert len(heard) == len(set(heard))
        # to the horizon of the last day: 60 days after 17 March
        assert sum("/daily/" in each for each in heard) == (date(2026, 5, 16) - date(2026, 2, 25)).days
        assert sum("/later/" in each for each in heard) == 1

    def test_the_horizon_moves_past_any_page(self, dav: SmallDav, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "FIRST_PAGE", 5)
        monkeypatch.setattr(paging, "MOST_PAGE", 5)
        for number in range(20):
            rule = "RRULE:FREQ=DAILY"
            dav.collections[WORK].put(f"d{number}.ics", event(f"d{number}", "20260225T100000Z", rule, summary="daily"))
        cursor = last(pull(dav))
        clock.wait(days=3)
        whole = pull(dav, cursor)
        assert len(said(whole)) == 60
        for stop in range(1, len(whole) + 1):
            rest = pull(dav, whole[stop - 1].cursor)
            heard = [each.native_id for each in said(whole[:stop]) + said(rest)]
            assert len(heard) == len(set(heard)) == 60
