"""What kith makes of DAV servers that forget tokens, answer in parts, fail, and change things for nothing."""

from __future__ import annotations

import json
import re
import time
from itertools import islice

import pytest

from connectors import dav_changes, paging
from connectors.base import Card, Interaction, Page, TryLater
from connectors.dav_marks import Entry, Kept, Marks, of_content, of_etag
from tests.connectors.dav_pulls import (
    BOOK,
    WORK,
    Clock,
    clock,
    connector,
    dav,
    fill,
    gone,
    heard_before_it_failed,
    last,
    pull,
    reports,
    said,
    titles,
)
from tests.servers.dav_items import card, event
from tests.servers.small_dav import Collection, SmallDav

__all__ = ["clock", "dav"]


class TestNews:
    def test_a_pull_with_nothing_new_is_one_request(self, dav: SmallDav) -> None:
        dav.collections["/me/cal/private/"] = Collection("calendar")
        fill(dav, 5)
        fill(dav, 5, "/me/cal/private/")
        cursor = last(pull(dav))
        dav.requests.clear()
        assert pull(dav, cursor) == []
        assert dav.requests == [("PROPFIND", "/me/cal/")]

    def test_so_it_is_where_there_are_ctags_alone(self, dav: SmallDav) -> None:
        dav.sync = False
        fill(dav, 5)
        cursor = last(pull(dav))
        dav.requests.clear()
        assert pull(dav, cursor) == []
        assert dav.requests == [("PROPFIND", "/me/cal/")]

    @pytest.mark.parametrize(("sync", "ctag"), [(True, True), (False, True), (False, False)])
    def test_what_is_new_changed_and_deleted_is_said(self, dav: SmallDav, sync: bool, ctag: bool) -> None:
        dav.sync, dav.ctag = sync, ctag
        fill(dav, 5)
        first = pull(dav)
        assert titles(first) == ["e0", "e1", "e2", "e3", "e4"]
        calendar = dav.collections[WORK]
        calendar.put("new.ics", event("new", summary="new"))
        calendar.put("e1.ics", event("e1", "20260301T120000Z", summary="moved"))
        calendar.delete("e2.ics")
        second = pull(dav, last(first))
        assert titles(second) == ["moved", "new"]
        ids = {each.title: each.native_id for each in said(first) if isinstance(each, Interaction)}
        assert sorted(gone(second)) == sorted(ids[name].partition("/")[0] + "/" for name in ("e1", "e2"))
        assert said(pull(dav, last(second))) == []

    def test_a_calendar_may_be_its_own_home(self, dav: SmallDav) -> None:
        dav.calendars = WORK
        fill(dav, 5)
        first = pull(dav)
        assert len(titles(first)) == 5
        dav.requests.clear()
        assert pull(dav, last(first)) == []
        assert dav.requests == [("PROPFIND", WORK)]
        dav.collections[WORK].put("new.ics", event("new", summary="new"))
        assert titles(pull(dav, last(first))) == ["new"]

    def test_a_home_that_has_moved_is_found_again_and_nothing_is_said_twice(self, dav: SmallDav) -> None:
        fill(dav, 5)
        first = pull(dav)
        dav.calendars = "/me/other/"
        dav.collections["/me/other/work/"] = dav.collections.pop(WORK)
        dav.collections["/me/other/work/"].put("new.ics", event("new", summary="new"))
        second = pull(dav, last(first))
        assert titles(second) == ["new"]
        assert gone(second) == []

    @pytest.mark.parametrize("name", ["who?.ics", "one#2.ics"])
    def test_a_name_is_read_as_the_server_writes_it(self, dav: SmallDav, name: str) -> None:
        """Cyrus escapes all of a name but the question mark."""
        dav.collections[WORK].put(name, event("e", summary="e"))
        first = pull(dav)
        assert titles(first) == ["e"]
        assert said(pull(dav, last(first))) == []

    def test_the_requests_only_read(self, dav: SmallDav) -> None:
        fill(dav, 30)
        pull(dav, last(pull(dav)))
        assert {method for method, _ in dav.requests} <= {"OPTIONS", "PROPFIND", "REPORT", "GET"}

    def test_calendars_of_tasks_and_excluded_ones_are_not_read(self, dav: SmallDav) -> None:
        dav.collections["/me/cal/birthdays/"] = Collection("calendar", components="VEVENT")
        dav.collections["/me/cal/tasks/"] = Collection("calendar", components="VTODO")
        for path in ("/me/cal/birthdays/", "/me/cal/tasks/"):
            fill(dav, 3, path)
        assert said(pull(dav, exclude=["birth*"])) == []
        assert not any(path.startswith(("/me/cal/birthdays/", "/me/cal/tasks/")) for _, path in dav.requests)


class TestTokens:
    """C01."""

    @pytest.mark.parametrize(
        ("status", "condition"),
        [
            (403, "valid-sync-token"),
            (403, ""),
            (409, "valid-sync-token"),
            (410, "valid-sync-token"),
            (412, "valid-sync-token"),
            (415, ""),
            (418, ""),
            (500, ""),
            (507, "number-of-matches-within-limits"),
        ],
    )
    def test_a_token_that_is_refused_leads_to_a_full_list(self, dav: SmallDav, status: int, condition: str) -> None:
        fill(dav, 5)
        cursor = last(pull(dav))
        dav.refuse_token = status, condition
        calendar = dav.collections[WORK]
        calendar.put("new.ics", event("new", summary="new"))
        calendar.delete("e2.ics")
        second = pull(dav, cursor)
        assert titles(second) == ["new"]
        assert len(gone(second)) == 1
        assert said(pull(dav, last(second))) == []

    def test_a_token_that_is_forgotten_in_silence_loses_no_deletion(self, dav: SmallDav) -> None:
        """As DAViCal does: the answer has all that is there, and no word of what is not."""
        fill(dav, 5)
        cursor = last(pull(dav))
        dav.forgets_tokens = True
        dav.collections[WORK].put("new.ics", event("new", summary="new"))
        dav.collections[WORK].delete("e2.ics")
        second = pull(dav, cursor)
        assert titles(second) == ["new"]
        assert len(gone(second)) == 1
        assert said(pull(dav, last(second))) == []

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 415, 418, 500, 501, 507])
    def test_a_server_that_refuses_every_sync_is_listed(self, dav: SmallDav, status: int) -> None:
        dav.refuse_sync = status
        fill(dav, 5)
        first = pull(dav)
        assert len(titles(first)) == 5
        dav.collections[WORK].put("new.ics", event("new", summary="new"))
        assert titles(pull(dav, last(first))) == ["new"]


class TestNoise:
    """C02."""

    @pytest.mark.parametrize(("sync", "ctag"), [(True, True), (False, False)])
    def test_entity_tags_that_change_for_nothing_are_no_news(self, dav: SmallDav, sync: bool, ctag: bool) -> None:
        dav.sync, dav.ctag, dav.moving_etags = sync, ctag, True
        fill(dav, 5)
        cursor = last(pull(dav))
        calendar = dav.collections[WORK]
        for name, data in calendar.resources.items():
            noise = data.replace(b"DTSTAMP:20260101T", b"SEQUENCE:4\r\nLAST-MODIFIED:20260303T000000Z\r\nDTSTAMP:20270101T")
            calendar.put(name, noise.replace(b"SUMMARY:", b"SUMM\r\n ARY:").replace(b"PRODID:-", b"PRODID:+"))
        second = pull(dav, cursor)
        assert said(second) == []
        assert said(pull(dav, last(second, cursor))) == []

    def test_a_new_version_of_a_card_says_something_only_if_the_card_changed(self, dav: SmallDav) -> None:
        dav.collections[BOOK] = Collection("addressbook")
        fill(dav, 3, BOOK)
        cursor = last(pull(dav, kind="carddav"))
        book = dav.collections[BOOK]
        book.put("e1.vcf", card("e1").replace(b"REV:2026", b"REV:2027"))
        book.put("e2.vcf", card("e2", "Robert Example"))
        second = said(pull(dav, cursor, "carddav"))
        assert [each.name for each in second if isinstance(each, Card)] == ["Robert Example"]


class TestParts:
    """C03."""

    def test_an_answer_in_parts_is_asked_for_until_it_ends(self, dav: SmallDav) -> None:
        dav.page = 7
        fill(dav, 30)
        first = pull(dav)
        assert len(titles(first)) == 30
        assert sum(path.endswith("sync-collection") for _, path in dav.requests) == 5
        calendar = dav.collections[WORK]
        for number in range(20):
            calendar.put(f"e{number}.ics", event(f"e{number}", "20260301T120000Z", summary="moved"))
        assert titles(pull(dav, last(first))) == ["moved"] * 20

    def test_contents_that_are_cut_off_are_asked_for_again(self, dav: SmallDav) -> None:
        dav.most = 15
        fill(dav, 100)
        first = pull(dav)
        assert len(titles(first)) == 100
        assert said(pull(dav, last(first))) == []

    def test_a_request_for_too_many_is_made_smaller(self, dav: SmallDav) -> None:
        dav.refuse_many = 20
        fill(dav, 100)
        assert len(titles(pull(dav))) == 100
        assert not any(method == "GET" for method, _ in dav.requests)

    def test_without_multiget_every_resource_is_fetched(self, dav: SmallDav) -> None:
        dav.refuse_many = 0
        fill(dav, 25)
        assert len(titles(pull(dav))) == 25

    @pytest.mark.parametrize("sync", [True, False])
    @pytest.mark.parametrize("status", [500, 507])
    def test_what_fails_is_not_passed_and_withdraws_nothing(self, dav: SmallDav, status: int, sync: bool) -> None:
        dav.sync = sync
        fill(dav, 10)
        dav.failing = {f"{WORK}e3.ics": status}
        first = pull(dav)
        assert len(titles(first)) == 9
        second = pull(dav, last(first))
        assert said(second) == []
        dav.failing.clear()
        third = pull(dav, last(second, last(first)))
        assert titles(third) == ["e3"]
        dav.failing = {f"{WORK}e3.ics": status, f"{WORK}e4.ics": status}
        dav.collections[WORK].put("e3.ics", event("e3", "20260301T120000Z", summary="moved"))
        fourth = pull(dav, last(third))
        assert said(fourth) == []
        dav.failing.clear()
        assert titles(pull(dav, last(fourth, last(third)))) == ["moved"]

    def test_what_may_not_be_read_is_unreadable_and_passed(self, dav: SmallDav) -> None:
        fill(dav, 3)
        dav.failing = {f"{WORK}e1.ics": 403}
        first = pull(dav)
        assert titles(first) == ["e0", "e2"]
        dav.sync = False
        dav.failing = {}
        dav.collections[WORK].put("e4.ics", event("e4", summary="new"))
        assert titles(pull(dav, last(first))) == ["e1", "new"]

    def test_what_may_not_be_seen_any_more_is_not_gone(self, dav: SmallDav, clock: Clock) -> None:
        fill(dav, 3)
        first = pull(dav)
        dav.failing = {f"{WORK}e1.ics": 403}
        dav.collections[WORK].put("new.ics", event("new", summary="new"))
        clock.wait(days=8)
        second = pull(dav, last(first))
        assert titles(second) == ["new"]
        assert gone(second) == []

    def test_a_multiget_that_knows_none_of_what_is_there_is_not_believed(
        self, dav: SmallDav, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dav.data_in_sync = 404
        monkeypatch.setattr(dav, "_contents", lambda path, collection, body: _all_gone(body))
        fill(dav, 3)
        first = pull(dav)
        assert titles(first) == ["e0", "e1", "e2"]
        assert said(pull(dav, last(first))) == []


def _all_gone(body: str) -> tuple[int, str]:
    gone_ = (f"<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 404 -</D:status></D:response>" for href in hrefs_in(body))
    return 207, f'<D:multistatus xmlns:D="DAV:">{"".join(gone_)}</D:multistatus>'


def hrefs_in(body: str) -> list[str]:
    return re.findall(r"href>([^<]+)<", body)


class TestContentsWithTheList:
    """Of what was never read the contents are asked for together with the list (RFC 6578 section 3.3)."""

    def test_one_question_is_enough_for_a_calendar(self, dav: SmallDav) -> None:
        dav.data_in_sync = 200
        fill(dav, 30)
        first = pull(dav)
        assert titles(first) == sorted(f"e{n}" for n in range(30))
        assert reports(dav) == [f"{WORK} sync-collection"]
        dav.collections[WORK].put("new.ics", event("new", summary="new"))
        dav.collections[WORK].delete("e2.ics")
        second = pull(dav, last(first))
        assert titles(second) == ["new"]
        assert len(gone(second)) == 1

    def test_and_for_an_address_book(self, dav: SmallDav) -> None:
        dav.data_in_sync = 200
        dav.collections[BOOK] = Collection("addressbook")
        fill(dav, 3, BOOK)
        pages = pull(dav, kind="carddav")
        assert [each.name for each in said(pages) if isinstance(each, Card)] == ["Bob Example"] * 3
        assert reports(dav) == [f"{BOOK} sync-collection"]

    @pytest.mark.parametrize("answer", [None, 200, 404, 400, 403, 413, 415, 500, 501, 502, 507])
    def test_whatever_the_server_makes_of_it_all_is_said_once(self, dav: SmallDav, answer: int | None) -> None:
        """403 alone is as a rule a login without the right to read, 502 a server that is not well: here it is the question."""
        dav.data_in_sync = answer
        fill(dav, 60)
        first = pull(dav)
        assert titles(first) == sorted(f"e{n}" for n in range(60))
        assert said(pull(dav, last(first))) == []

    @pytest.fixture
    def little_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For some thirty of a hundred events."""
        monkeypatch.setattr(dav_changes, "ROOM", 20_000)

    @pytest.mark.usefixtures("little_room")
    def test_a_calendar_that_is_larger_than_there_is_room_for_comes_in_parts(self, dav: SmallDav) -> None:
        dav.data_in_sync = 200
        fill(dav, 100)
        assert len(titles(pull(dav))) == 100
        assert [each.split()[1] for each in reports(dav)] == [
            "sync-collection",
            "sync-collection",
            "calendar-multiget",
            "calendar-multiget",
        ]

    @pytest.mark.usefixtures("little_room")
    def test_where_the_answer_itself_comes_in_parts_the_rest_comes_without_contents(self, dav: SmallDav) -> None:
        dav.data_in_sync, dav.page = 200, 7
        fill(dav, 100)
        assert len(titles(pull(dav))) == 100
        asked = [each.split()[1] for each in reports(dav)]
        assert asked[:15] == ["sync-collection"] * 15
        assert set(asked[15:]) == {"calendar-multiget"}

    def test_a_pull_that_stopped_after_a_page_asks_for_what_is_left_alone(
        self, dav: SmallDav, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(paging, "FIRST_PAGE", 10)
        dav.data_in_sync = 200
        fill(dav, 40)
        some = list(islice(connector(dav).pull(None), 1))
        dav.requests.clear()
        rest = pull(dav, last(some))
        assert sorted(titles(some) + titles(rest)) == sorted(f"e{n}" for n in range(40))
        assert [each.split()[1] for each in reports(dav)] == [
            "sync-collection",
            "calendar-multiget",
        ]


class TestAhead:
    """Of the next collection that was never read it is asked while one is read, on a connection of its own."""

    @pytest.fixture
    def several(self, dav: SmallDav) -> list[str]:
        """Four calendars, and what is in them."""
        dav.data_in_sync = 200
        for name in "abc":
            dav.collections[f"/me/cal/{name}/"] = Collection("calendar")
        for name, collection in dav.collections.items():
            for number in range(5):
                title = f"{name}{number}"
                collection.put(f"{number}.ics", event(f"{name[-2]}{number}", f"202601{number + 1:02}T100000Z", summary=title))
        return sorted(f"{name}{number}" for name in dav.collections for number in range(5))

    def test_each_is_asked_once_and_all_is_said(self, dav: SmallDav, several: list[str]) -> None:
        first = pull(dav)
        assert titles(first) == several
        assert reports(dav) == [f"/me/cal/{name}/ sync-collection" for name in ("work", "a", "b", "c")]
        assert len(set(dav.connections)) == 2
        assert said(pull(dav, last(first))) == []

    def test_a_server_that_takes_one_connection_is_asked_on_that(self, dav: SmallDav, several: list[str]) -> None:
        dav.one_connection = True
        first = pull(dav)
        assert titles(first) == several
        dav.connections.clear()
        assert said(pull(dav, last(first))) == []

    def test_one_that_is_refused_leaves_the_others(self, dav: SmallDav, several: list[str]) -> None:
        dav.refused = {"/me/cal/b/": 500}
        heard: list[Page] = []
        with pytest.raises(TryLater, match="cannot be read"):
            heard.extend(connector(dav).pull(None))
        assert titles(heard) == [title for title in several if "/b/" not in title]
        dav.refused = {}
        assert titles(pull(dav, last(heard))) == [title for title in several if "/b/" in title]

    def test_a_pull_that_ends_early_waits_for_none(
        self, dav: SmallDav, several: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(paging, "FIRST_PAGE", 2)
        pages = iter(connector(dav).pull(None))
        dav.slow = {"/me/cal/a/": 4.0}
        some = [next(pages)]
        began = time.monotonic()
        del pages  # as a daemon that ends at a page does
        assert time.monotonic() - began < 3
        time.sleep(5)
        assert sum(each.startswith("/me/cal/a/") for each in reports(dav)) <= 1, "no further question"
        dav.slow = {}
        assert sorted(titles(some) + titles(pull(dav, last(some)))) == several


def test_one_calendar_that_fails_does_not_keep_the_others_from_being_read(dav: SmallDav) -> None:
    """It is told at the end, and what it had stays."""
    other = "/me/cal/a/"
    dav.collections[other] = Collection("calendar")
    fill(dav, 3)
    fill(dav, 3, other)
    first = pull(dav)
    dav.refused = {other: 500}
    dav.collections[WORK].put("new.ics", event("new", summary="new"))
    dav.collections[other].put("other.ics", event("other", summary="other"))
    heard = heard_before_it_failed(dav, last(first))
    assert titles(heard) == ["new"]
    dav.refused = {}
    assert titles(pull(dav, last(heard))) == ["other"]


def test_a_cursor_for_ten_thousand_resources_stays_small() -> None:
    marks = Marks()
    for number in range(10_000):
        marks.put(f"{number:012}", Entry(of_etag(f'"{number}"'), of_content(b"%d" % number), 1, 20_000))
    kept = Kept(marks, token="t")
    text = json.dumps(kept.as_json())
    assert len(text) < 300_000
    again = Kept.from_json(json.loads(text))
    assert again.as_json() == kept.as_json()
    assert again.marks.get(f"{7:012}") == Entry(of_etag('W/"7"'), of_content(b"7"), 1, 20_000)
