"""The user is told of what does not mend itself: once a day for each cause, whatever is started again meanwhile."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from capture.config import Notify
from capture.notices import Notices
from store.file import Store
from tests.cli.running import Kith, until
from tests.cli.sources import FAILING, ME, source, write
from tests.faults.daemon import running, state
from tests.servers.dovecot import Account


def test_what_needs_somebody_is_told_once_a_day_by_the_command_that_was_configured(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    heard = kith.place / "heard"
    heard.touch()
    tell = kith.place / "tell"
    tell.write_text(f'#!/bin/sh\ncat >> "{heard}"\n')
    tell.chmod(0o700)
    kith.configure(
        ME + f'notify.command = ["{tell}"]\n' + source("away", "failing:Failing", text="human", every="1 s")
        + source("bad", "failing:Failing", text="later", every="1 s")
    )  # fmt: skip
    for _ in range(2):
        with running(kith) as daemon:
            until(lambda: "the login is refused" in heard.read_text() and state(daemon, "away") == "needs you")
            time.sleep(2)
            daemon.stop()
    text = heard.read_text()
    assert text == "kith: away: the login is refused\n\nchange the password\n"


def test_a_certificate_that_has_been_wrong_for_an_hour_is_told_of(kith: Kith, account: Account) -> None:
    heard = kith.place / "heard"
    heard.touch()
    server = account.server
    settings = {"host": "localhost", "port": server.tls_port, "ca": str(server.wrong_ca), "user": account.user, "every": "1 s"}
    text = source("mail", "imap", **settings) + 'password = { env = "MAIL_PASSWORD" }\n'
    kith.configure(ME + f"notify.command = [\"sh\", \"-c\", \"cat >> '{heard}'\"]\n" + text)
    with Store(kith.data / "kith.duckdb").write() as tx:
        tx.advance("mail", "imap", None, {"v": 1, "folders": {}}, 0)
        tx.execute("UPDATE source SET ok_at = ok_at - INTERVAL 2 HOUR")
    with running(kith, "import capture.daemon; capture.daemon.HEALTH = 1", MAIL_PASSWORD=account.password) as daemon:
        until(lambda: "the certificate of localhost is not right" in heard.read_text())
        assert "whether the file that `ca` names" in heard.read_text()
        assert daemon.stop()[0] == 0


def test_a_notice_of_a_day_to_come_keeps_no_restart_from_remembering(tmp_path: Path) -> None:
    """The clock was ahead when it was told of."""
    store = Store(tmp_path / "kith.duckdb")
    with store.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('notice away: needs you', '2999-01-01')")
    heard = tmp_path / "heard"
    heard.touch()
    how = Notify(command=("sh", "-c", f"cat >> '{heard}'"))
    for _ in range(3):
        Notices(how, lambda: Store(store.path, 10)).tell("away: needs you", "the login is refused", "")
        until(lambda: not any(each.name == "kith-notice" for each in threading.enumerate()))
    assert heard.read_text().count("the login is refused") == 1


def test_a_notifier_that_fails_or_hangs_holds_nothing_up(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    kith.configure(ME + 'notify.command = ["/nowhere/at/all"]\n' + source("away", "failing:Failing", text="human"))
    with running(kith) as daemon:
        until(lambda: "the notice was not taken" in daemon.log)
        assert daemon.stop()[0] == 0
    kith.configure(ME + 'notify.command = ["sleep", "60"]\n' + source("away2", "failing:Failing", text="human"))
    with running(kith) as daemon:
        until(lambda: state(daemon, "away2") == "needs you")
        assert daemon.stop()[1] < 5
