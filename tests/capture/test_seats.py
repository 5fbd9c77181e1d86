"""There are never more connections to one account than may be, whichever source and whichever process makes them."""

from __future__ import annotations

import stat
import time
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer

import pytest

from capture.config import SourceConfig, load
from capture.looks import form_of
from capture.pace import FIRST, Steady
from capture.poll import Outcome, Source, poll
from capture.runner import Runner
from capture.seats import Seats, allow
from connectors.base import TryLater
from connectors.caldav import CalDav, CalDavSettings
from store.file import Store
from tests.scripted import Scripted, Settings
from tests.small_world import mail, me, python

HOLDS = """
import sys
from pathlib import Path
from capture.config import SourceConfig, load
from capture.looks import form_of
from capture.seats import Seats
where = {"host": "IMAP.example.org.", "user": "Me@example.org"}
one = SourceConfig("other", "imap", settings=where, connections=int(sys.argv[2]))
seats = Seats(one, Path(sys.argv[1]))
print(seats.take(), flush=True)
sys.stdin.read()
"""


def account(most: int | None, name: str = "mail", user: str = "me@example.org", host: str = "imap.example.org") -> SourceConfig:
    return SourceConfig(name, "scripted", settings={"host": host, "user": user}, connections=most)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "kith.duckdb"


def test_so_many_and_no_more_and_the_first_is_never_taken_to_watch(file: Path) -> None:
    a, b, c = (Seats(account(2, name), file) for name in "abc")
    assert [a.take(watch=True), b.take(watch=True)] == [True, False]
    assert [b.take(), c.take()] == [True, False]
    assert Seats(account(2, user="alice@example.org"), file).take(watch=True), "another account"
    assert Seats(account(2, host="dav.example.org"), file).take(watch=True), "another host"
    a.close()
    assert [c.take(watch=True), a.take()] == [True, False]
    b.close()
    assert a.take()
    for one in (a, c):
        one.close()
    assert not Seats(account(1), file).take(watch=True)


def test_two_processes_share_them_and_one_that_is_killed_gives_its_own_back(file: Path) -> None:
    other = python(HOLDS, file, "2")
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    mine, more = Seats(account(2), file), Seats(account(2), file)
    assert [mine.take(), more.take()] == [True, False]
    third = python(HOLDS, file, "2")
    assert third.stdout is not None
    assert third.stdout.readline() == "False\n"
    other.kill()
    other.communicate()
    assert more.take()
    third.communicate()


def test_a_process_that_has_it_from_us_has_it_for_as_long_as_it_lives(file: Path) -> None:
    import subprocess

    seats = Seats(account(1), file)
    assert seats.take()
    with subprocess.Popen(["sleep", "60"], pass_fds=seats.taken) as child:
        seats.close()
        assert not seats.take()
        child.kill()
    assert seats.take()
    seats.close()


def test_the_files_are_for_nobody_else_and_tell_of_no_account(file: Path) -> None:
    assert Seats(account(2), file).take()
    (folder,) = file.parent.iterdir()
    (seat,) = folder.iterdir()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file.parent, folder, seat)] == [0o700, 0o700, 0o600]
    assert seat.read_bytes() == b""
    assert not any(word in str(seat.relative_to(file.parent)) for word in ("imap", "example", "me@"))


@pytest.mark.parametrize(
    ("settings", "connections", "seats"),
    [
        ({"host": "imap.example.org", "user": "me"}, None, 2),
        ({"host": "imap.example.org", "user": "me"}, 7, 7),
        ({"url": "https://dav.example.org/", "user": "me"}, None, 2),
        ({"url": "me@example.org"}, None, 2),
        ({"url": "https://dav.example.org/"}, None, None),
        ({"host": "imap.example.org"}, 3, None),
        ({"host": "127.0.0.1", "user": "me"}, None, None),
        ({"url": "http://localhost:5232/", "user": "me"}, None, None),
        ({"host": "127.0.0.1", "user": "me"}, 1, 1),
        ({"path": "~/mail"}, None, None),
        ({"path": "~/mail"}, 1, None),
    ],
)
def test_how_many_there_may_be(settings: dict[str, object], connections: int | None, seats: int | None) -> None:
    assert SourceConfig("a", "imap", settings=settings, connections=connections).seats == seats


def test_what_one_source_says_holds_for_its_account_and_the_least_if_several_do(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    password = 'password = { env = "X" }'
    text = ""
    for name, user, more in (
        ("a", "me@example.org", ""),
        ("b", "Me@example.org", "connections = 5"),
        ("c", "me@example.org", "connections = 4"),
        ("d", "alice@example.org", ""),
    ):
        text += f'[[source]]\nname = "{name}"\ntype = "imap"\nhost = "imap.example.org"\nuser = "{user}"\n{password}\n{more}\n'
    config.write_text(text)
    config.chmod(0o600)
    sources = load(config, tmp_path / "data").sources
    assert {one.name: one.seats for one in sources} == {"a": 4, "b": 4, "c": 4, "d": 2}
    assert form_of(sources[0]) != form_of(replace(sources[0], connections=3)), "a daemon begins with it anew"


def test_where_nobody_counts_there_is_always_one(file: Path) -> None:
    for seats in (Seats(None, file), Seats(account(None, host="127.0.0.1"), file)):
        assert [seats.take(), seats.take(watch=True), seats.take()] == [True] * 3
        assert seats.wait(Event())
    assert not file.parent.exists()


def test_a_folder_that_nothing_can_be_written_to_is_not_the_seats_affair(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert Seats(account(1), tmp_path / "data" / "kith.duckdb").take()


def test_who_waits_gets_it_when_it_is_free_or_is_told_how_many_there_are(file: Path) -> None:
    mine, other = Seats(account(1), file), Seats(account(1), file)
    assert mine.wait(Event())
    Timer(0.3, mine.close).start()
    assert other.wait(Event(), 20)
    with pytest.raises(TryLater) as caught:
        mine.wait(Event(), 0.2)
    assert "1 connection is in use to this account at imap.example.org" in caught.value.what
    assert "connections = 2" in caught.value.hint
    stop = Event()
    Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert not mine.wait(stop, 20)
    assert time.monotonic() - began < 10


def test_a_poll_without_a_seat_is_tried_later_and_asks_nobody(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capture.seats.PATIENCE", 0.2)
    store, connector = Store(file), Scripted.of([mail(1)])
    source = Source("mail", "scripted", connector, account(1))
    with store.write() as tx:
        tx.advance("mail", "scripted", None, {"said": 0}, 0)
    other = Seats(account(1, "other"), file)
    assert other.take()
    outcome = poll(source, store, me, Event())
    assert (outcome.state, connector.pulls) == ("try later", [])
    pace = Steady(3600)
    soon = [poll(source, store, me, Event(), pace=pace).again or 0 for _ in range(4)]
    assert max(soon) < 1.2 * FIRST, "it does not back off: nothing is wrong with the source"
    with store.read() as reader:
        assert "1 connection is in use" in reader.sources()[0]["error"]
    stop = Event()
    stop.set()
    assert poll(source, store, me, stop).state == "stopped"
    other.close()
    assert (outcome := poll(source, store, me, Event())).state == "ok", outcome
    assert other.take(), "the seat is free after a poll"


class Watched(Scripted):
    """Is watched until something is said, and knows what seats there were meanwhile."""

    free: tuple[bool, ...] = ()

    def watch(self, stop: Event) -> None:
        """At once."""
        pull, more = Seats(self.own, self.file), Seats(self.own, self.file)
        self.free = (pull.take(), more.take())
        for each in (pull, more):
            each.close()

    own: SourceConfig
    file: Path


@pytest.mark.parametrize(("most", "free"), [(1, ()), (2, (True, False)), (3, (True, True))])
def test_a_watch_leaves_a_seat_for_pulls_or_is_none(file: Path, most: int, free: tuple[bool, ...]) -> None:
    connector = Watched(Settings())
    connector.own, connector.file = account(most), file
    runner = Runner(Source("mail", "scripted", connector, connector.own), Store(file), me, Steady(120), lambda *_: None)
    Timer(0.3, runner.rouse).start()  # where it is not watched, this is what it waits for
    runner._wait(Outcome("mail", "ok"))
    assert connector.free == free
    again = Seats(connector.own, file)
    assert [again.take() for _ in range(most)] == [True] * most


def test_one_that_could_not_be_watched_is_once_there_is_a_seat(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capture.runner.UNSEATED", 0.05)
    connector = Watched(Settings())
    connector.own, connector.file = account(2), file
    other = Seats(account(2), file)
    assert other.take(watch=True)
    Timer(0.3, other.close).start()
    runner = Runner(Source("mail", "scripted", connector, connector.own), Store(file), me, Steady(120), lambda *_: None)
    runner._wait(Outcome("mail", "ok"))
    assert connector.free == (True, False)


def test_a_connector_that_makes_good_use_of_two_has_as_many_as_there_are_seats_for(file: Path) -> None:
    settings = CalDavSettings.model_validate({"url": "http://127.0.0.1/"})

    def given(most: int | None, first: bool) -> int:
        seats, connector = Seats(account(most, host="127.0.0.1"), file), CalDav(settings)
        assert seats.take()
        allow(connector, seats, first)
        seats.close()
        return connector.connections

    assert [given(most, True) for most in (None, 1, 2, 5)] == [2, 1, 2, 2]
    assert [given(most, False) for most in (None, 1, 2, 5)] == [2, 1, 1, 1]
