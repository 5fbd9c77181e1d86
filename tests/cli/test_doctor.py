"""A doctor that finds what was made wrong, and names nobody in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import COMMAND, Kith
from tests.cli.sources import FAILING, ME, SLOW, source, write
from tests.servers.dovecot import Account


def findings(kith: Kith, *words: str, **environment: str) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in kith("doctor", "--json", *words, command=COMMAND, **environment).json}


@pytest.fixture
def well(kith: Kith, account: Account) -> Kith:
    """An account on a server was read, and a backup made."""
    server = account.server
    settings = {"host": "localhost", "port": server.tls_port, "ca": str(server.ca), "user": account.user}
    kith.configure(ME + source("home", "imap", **settings) + 'password = { env = "MAIL_PASSWORD" }\n')
    account.deliver("INBOX", b"From: alice@example.org\r\nTo: me@example.org\r\nMessage-ID: <1@x>\r\n\r\n")
    assert kith("sync", MAIL_PASSWORD=account.password).code == 0
    assert kith("backup").code == 0
    return kith


def test_all_is_well_where_nothing_was_made_wrong(well: Kith, account: Account) -> None:
    found = findings(well, MAIL_PASSWORD=account.password)
    assert len(found) >= 25
    not_well = {name for name, row in found.items() if row["state"] != "well"}
    assert not_well == {"daemon", "service"}
    assert all(row["fix"] for row in found.values() if row["state"] != "well")
    assert "good until" in found["home: certificate"]["what"]
    assert {"clock", "disk", "file system", "its blocks", "home: secret", "home: answer", "home: capture"} <= set(found)
    shown = well("doctor", MAIL_PASSWORD=account.password)
    assert shown.code == 0
    assert "kith service install" in shown.err


def test_what_was_made_wrong_is_found_with_what_mends_it(well: Kith, account: Account) -> None:
    well.data.chmod(0o755)
    (well.data / "kith.duckdb").chmod(0o644)
    well.config.chmod(0o640)
    (well.data / "backups").rename(well.data / "elsewhere")
    for left in ("new", "half", "restored"):
        (well.data / f"kith.duckdb.{left}").touch(0o600)
    found = findings(well, MAIL_PASSWORD="canary-4711")
    wrong = {name for name, row in found.items() if row["state"] != "well"}
    assert {"its permissions", "permissions there", "backups", "half-made files", "home: answer"} <= wrong
    assert "chmod" in found["its permissions"]["fix"]
    assert "canary-4711" not in str(found)
    assert all(f"{well.data}/kith.duckdb.{left}" in found["half-made files"]["fix"] for left in ("new", "half", "restored"))
    assert "rm " in found["half-made files"]["fix"]
    assert findings(well)["home: secret"]["state"] == "wrong"
    assert well("doctor").code == 1
    offline = findings(well, "--offline", MAIL_PASSWORD="wrong")
    assert "home: answer" not in offline
    assert "home: host name" not in offline


def test_a_host_that_is_not_there_and_a_certificate_of_somebody_else_are_told_apart(kith: Kith, account: Account) -> None:
    server = account.server
    own = {"user": account.user, "port": server.tls_port}
    text = source("nowhere", "imap", host="nowhere.invalid", **own) + 'password = { env = "P" }\n'
    text += source("other", "imap", host="localhost", ca=str(server.wrong_ca), **own) + 'password = { env = "P" }\n'
    kith.configure(ME + text)
    found = findings(kith, P=account.password)
    assert found["nowhere: host name"]["state"] == "wrong"
    assert "nowhere: certificate" not in found
    assert found["other: host name"]["state"] == "well"
    assert found["other: certificate"]["state"] == "wrong"
    assert "verify failed" in found["other: certificate"]["what"]


def test_rules_that_nothing_was_judged_by_yet_are_found(well: Kith) -> None:
    assert findings(well, "--offline")["beliefs"]["state"] == "well"
    well.configure(well.config.read_text() + '[[rule]]\nverdict = "noise"\naddress = "alice@example.org"\n')
    found = findings(well, "--offline")["beliefs"]
    assert (found["state"], found["fix"]) == ("warning", "kith sync")


def test_a_certificate_that_cannot_be_read_is_said_and_an_address_has_no_host_of_its_own(kith: Kith, account: Account) -> None:
    server = account.server
    own = {"user": account.user, "host": "localhost", "port": server.tls_port}
    text = source("home", "imap", ca=str(kith.place / "none.pem"), **own) + 'password = { env = "P" }\n'
    text += source("dav", "caldav", url="me@nowhere.invalid") + 'password = { env = "P" }\n'
    kith.configure(ME + text)
    found = findings(kith, P=account.password)
    assert found["home: certificate"]["state"] == "wrong"
    assert "none.pem" in found["home: certificate"]["fix"]
    assert "dav: host name" not in found
    assert found["dav: answer"]["state"] != "well"


def test_a_database_that_is_broken_is_said_and_a_connector_that_fails_too(kith: Kith) -> None:
    write(kith, "slow", SLOW)
    write(kith, "failing", FAILING)
    slow = source("slow", "slow:Slow", path=str(kith.place / "asked"))
    kith.configure(ME + slow)
    assert kith("sync").code == 0
    kith.configure(ME + slow + source("bad", "failing:Failing", text="init") + source("away", "failing:Failing", text="later"))
    (kith.data / "kith.duckdb").write_bytes(b"rotten" * 5000)
    found = findings(kith)
    assert found["database"]["state"] == "wrong"
    assert "kith restore" in found["database"]["fix"]
    assert found["bad: settings"]["state"] == "wrong"
    assert found["slow: answer"]["state"] == "well"


def test_the_report_names_nobody(well: Kith, account: Account, tmp_path: Path) -> None:
    report = well("doctor", "--report", MAIL_PASSWORD="wrong").out
    assert "source-1: answer" in report
    for secret in (account.user, "localhost", str(well.place), "me@example.org", "home:", "wrong\n"):
        assert secret not in report, secret
