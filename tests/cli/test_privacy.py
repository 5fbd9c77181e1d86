"""What kith says of itself holds: hosts, programs, rows, and no secret."""

from __future__ import annotations

from tests.cli.running import Kith
from tests.cli.sources import ME, SLOW, source, write


def test_it_says_what_is_fetched_stored_and_contacted_and_no_secret(kith: Kith) -> None:
    write(kith, "slow", SLOW)
    imap = source("home", "imap", host="imap.example.org", user="me@example.org")
    kith.configure(
        ME + source("own", "slow:Slow", path=str(kith.place / "asked")) + imap + 'password = { env = "MAIL_PASSWORD" }\n'
    )
    assert kith("sync", "own").code == 0
    told = kith("privacy", "--json", MAIL_PASSWORD="canary-4711")
    assert told.code == 0
    assert "canary-4711" not in told.out + told.err
    found = told.json
    assert found["contacted"] == ["imap.example.org"]
    assert {row["table"]: row["rows"] for row in found["stored"]}["interaction"] == 40
    fetched = {row["source"]: row for row in found["fetched"]}
    assert "never its text" in fetched["home"]["what"]
    assert fetched["home"]["secret"] == "from env MAIL_PASSWORD"
    assert "no connector of kith's" in fetched["own"]["what"]
    assert "600" in found["protection"]
    shown = kith("privacy")
    assert (shown.code, shown.err) == (0, "")
    assert "imap.example.org" in shown.out
    assert "no telemetry" in shown.out
    (kith.data / "kith.duckdb").chmod(0o644)
    assert "others may read it" in kith("privacy").out


def test_whoever_may_be_contacted_is_said_also_where_only_an_address_is_given(kith: Kith) -> None:
    login = 'password = { env = "MAIL_PASSWORD" }\n'
    text = source("mine", "caldav", url="me@example.org") + login
    text += source("cards", "carddav", url="https://dav.example.net:8443/", user="me") + login
    kith.configure(ME + 'notify.command = ["mail", "-s", "kith", "me"]\n' + text)
    told = kith("privacy", "--json").json
    assert told["contacted"] == ["dav.example.net", "example.org"]
    assert [row["place"] for row in told["fetched"]] == ["example.org", "dav.example.net"]
    assert told["programs"] == [["mail", "-s", "kith", "me"]]
    shown = kith("privacy").out
    assert "example.org: the DNS is asked for it, then the hosts in this domain that it names" in shown
    assert "dav.example.net, and the hosts in its domain that it sends us to" in shown
    assert "mail -s kith me" in shown


def test_it_says_so_before_anything_was_read(kith: Kith) -> None:
    done = kith("privacy")
    assert done.code == 0
    assert "nobody" in done.out
