"""The measure itself: the wire log sees what is forbidden, and the wire can be spoilt."""

from __future__ import annotations

import imaplib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.servers.dovecot import PASSWORD, Account, Dovecot
from tests.servers.wirelog import Session, WireLog, raw_commands, violations, wait_for

HARMLESS = (
    *("CAPABILITY", "STARTTLS", "LOGIN alice secret", "AUTHENTICATE PLAIN", "(secret)", 'ID ("name" "kith")'),
    *('LIST "" "*"', "EXAMINE INBOX", "UID SEARCH UID 1:*", "STATUS INBOX (UIDNEXT)", "NOOP", "IDLE", "DONE", "LOGOUT"),
    "UID FETCH 1:200 (UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO)])",
    "UID FETCH 1 (UID X-GM-MSGID X-GM-THRID X-GM-LABELS)",
)

FORBIDDEN = (
    *("SELECT INBOX", "UID STORE 1 +FLAGS (\\Seen)", "STORE 1 FLAGS ()", "EXPUNGE", "UID EXPUNGE 1", "UID", ""),
    *(
        "CLOSE",
        "DELETE x",
        "UID MOVE 1 Trash",
        "UID COPY 1 x",
        'APPEND x "text"',
        "CREATE x",
        "SUBSCRIBE x",
        "RENAME x y",
    ),
    *("UID FETCH 1 (BODY[])", "UID FETCH 1 (BODY.PEEK[])", "UID FETCH 1 (RFC822)", "UID FETCH 1 (BODY.PEEK[TEXT])"),
    *("UID FETCH 1 (BODY[HEADER.FIELDS (FROM)])", "FETCH 1 (UID)", "UID FETCH 1 ALL"),
    "UID FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (FROM)])",
    "UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (FROM)] BODY.PEEK[1])",
)


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[WireLog]:
    wire = WireLog(dovecot.port)
    yield wire
    wire.stop()


@pytest.mark.parametrize("command", HARMLESS)
def test_what_only_reads_is_no_violation(command: str) -> None:
    assert violations([command]) == []


@pytest.mark.parametrize("command", FORBIDDEN)
def test_what_could_change_something_or_fetches_a_body_is_a_violation(command: str) -> None:
    assert violations(["NOOP", command]) == [command]


def test_commands_with_literals_and_challenges_are_one_command_each() -> None:
    said = b"A1 LOGIN {5}\r\nalice {6+}\r\nse\r\net\r\nA2 AUTHENTICATE PLAIN\r\nAGFsaWNl\r\nA3 IDLE\r\ndone\r\nA4 LIST"
    assert Session(said).commands() == ['LOGIN "alice" "se\r\net"', "AUTHENTICATE PLAIN", "(secret)", "IDLE", "DONE"]


def test_a_command_line_that_was_smuggled_in_is_seen() -> None:
    said = b'A1 UID SEARCH SUBJECT "a"\r\nA2 DELETE x"\r\n'
    assert violations(Session(said).commands()) == ['DELETE x"']


def test_what_follows_starttls_is_not_taken_for_commands() -> None:
    assert Session(b"A1 STARTTLS\r\n\x16\x03\x01 \x02\r\nab cd\r\n").commands() == ["STARTTLS"]


def test_dovecots_raw_log_has_the_commands_behind_times() -> None:
    assert raw_commands(b'1795297194.073100 A2 LIST "" *\n1795297194.075785 A3 EXAMINE INBOX\n') == [
        'LIST "" *',
        "EXAMINE INBOX",
    ]


@pytest.mark.parametrize(
    ("answer", "bodies"),
    [
        (b'* 1 FETCH (UID 1 BODY[HEADER.FIELDS ("BODY[TEXT]")] {23}\r\nSubject: RFC822 {5}\r\n\r\n)\r\n', 0),
        (b'* 1 FETCH (UID 1 INTERNALDATE "01-Jan-2026 00:00:00 +0000" RFC822.SIZE 99 X-GM-LABELS ("BODY[]"))\r\n', 0),
        (b"* OK the BODY[] of the message\r\n", 0),
        (b"* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n", 1),
        (b'* 1 FETCH (UID 1 BODY[TEXT] "hi")\r\n', 1),
        (b"* 1 FETCH (RFC822.TEXT {2}\r\nhi UID 1)\r\n", 1),
        (b"* 1 FETCH (BODY[HEADER.FIELDS (FROM)] {15}\r\nFrom: a\r\n\r\nbody)\r\n", 1),
    ],
)
def test_a_body_in_an_answer_is_seen(answer: bytes, bodies: int) -> None:
    assert len(Session(server=answer).bodies()) == bodies


def test_the_proxy_passes_everything_on_and_writes_it_down(account: Account, proxy: WireLog) -> None:
    account.deliver("INBOX", b"Subject: hello\r\n\r\nbody")
    client = imaplib.IMAP4(proxy.host, proxy.port)
    client.login(account.user, PASSWORD)
    client.select("INBOX", readonly=True)
    _, answer = client.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    client.logout()
    assert b"Subject: hello" in answer[0][1]
    assert wait_for(lambda: proxy.commands()[-1:] == ["LOGOUT"])
    assert violations(proxy.commands()) == []
    assert "EXAMINE INBOX" in proxy.commands()
    assert proxy.sessions[0].bodies() == []


def test_the_wire_can_be_cut_after_so_many_bytes(proxy: WireLog) -> None:
    proxy.cut_after = 7
    with socket.create_connection((proxy.host, proxy.port), 10) as client:
        assert _all_of(client) == b"* OK [C"


def test_the_wire_can_stall_after_so_many_bytes(proxy: WireLog) -> None:
    proxy.stall_after = 7
    with socket.create_connection((proxy.host, proxy.port), 10) as client:
        client.settimeout(0.3)
        assert client.recv(100) == b"* OK [C"
        with pytest.raises(TimeoutError):
            client.recv(100)
        client.sendall(b"A1 NOOP\r\n")


def test_the_wire_can_drip(proxy: WireLog) -> None:
    proxy.drip = 0.01
    start = time.monotonic()
    with socket.create_connection((proxy.host, proxy.port), 10) as client:
        heard = b""
        while len(heard) < 20:
            heard += client.recv(100)
    assert heard.startswith(b"* OK [CAPABILITY")
    assert time.monotonic() - start >= 0.19


SUITE = """
import socket
import pytest

@pytest.mark.parametrize("said", ["NOOP", "SELECT INBOX"])
def test_it(account, wire, said):
    with socket.create_connection((wire.host, wire.port), 10) as client:
        for line in (f"LOGIN {account.user} {account.password}", said, "LOGOUT"):
            client.sendall(f"A {line}\\r\\n".encode())
            while b"\\nA OK" not in b"\\n" + client.recv(4096):
                pass
"""
"""Two tests that say three commands each; the log has what comes after the login twice, from the proxy and from Dovecot."""


def test_the_log_of_a_whole_suite_is_that_of_all_its_processes_and_a_change_in_one_fails_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "tests.conftest", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={**plain, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout
    assert "has 2 commands that change anything, and 0 body bytes (of 10 commands)" in done.stdout
    assert "2 passed, 1 error" in done.stdout


def _all_of(client: socket.socket) -> bytes:
    heard = b""
    try:
        while data := client.recv(100):
            heard += data
    except ConnectionResetError:
        pass
    return heard
