"""Connections that break, stall, drip, never end or are led astray: they are left in time, and nothing gets out."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import NeedsHuman, Page, TryLater
from connectors.imap import ImapSettings
from connectors.imap_fetch import items
from connectors.imap_session import Session
from tests.servers.scripted_imap import (
    Script,
    Serve,
    Talk,
    boxes,
    fails,
    ids,
    imap,
    pull,
    some,
)

# Injection


@pytest.mark.parametrize("evil", ["a\r\nA1 DELETE INBOX", "a\nb", "a\0b", "a\rb"])
def test_no_line_break_gets_out_in_a_password(serve: Serve, evil: str) -> None:
    server = serve()
    session = Session(server.host, server.port, "none", None, 5)
    with pytest.raises(NeedsHuman):
        session.login("alice", evil)
    with pytest.raises(NeedsHuman):
        session.login(evil, "x", "login")
    session.close()
    assert server.lines == [b"CAPABILITY"] or server.lines == [b"CAPABILITY", b"LOGOUT"]


@pytest.mark.parametrize("field", ["host", "user"])
@pytest.mark.parametrize("evil", ["a\r\nb", "a\nb", "a\0b", " a", ""])
def test_no_line_break_is_taken_in_a_setting(field: str, evil: str) -> None:
    with pytest.raises(ValidationError):
        ImapSettings.model_validate(
            {"host": "imap.example.org", "user": "alice", "password": {"env": "X"}} | {field: evil}
        )


@pytest.mark.parametrize("evil", [b"K9 UID FETCH 1 (X\r\nK10 DELETE x)\r\n", b"a\0b\r\n", b"a\rb", b"a\nb\r\n"])
def test_the_wire_takes_one_line_at_a_time(serve: Serve, evil: bytes) -> None:
    server = serve()
    session = Session(server.host, server.port, "none", None, 5)
    with pytest.raises(ValueError, match="line break"):
        session.wire.send(evil)
    with pytest.raises(ValueError, match="line break"):
        session.ask_fetch([(1, 2)], items(["FROM\r\nK10 DELETE x"]))
    session.close()


# Connections that break, stall, drip or never end


def test_a_connection_cut_at_any_byte_loses_nothing(serve: Serve) -> None:
    script = Script(boxes=boxes({b"Sent": 3, b"INBOX": 4}), capabilities="IMAP4rev1 ESEARCH")
    server = serve(script)
    whole = pull(server)
    length = server.sent
    broken = 0
    for at in range(0, length, 5):
        script.cut_after = at
        heard: list[Page] = []
        try:
            for page in imap(server).pull(None):
                heard.append(page)
        except TryLater:
            broken += 1
        script.cut_after = None
        rest = pull(server, heard[-1].cursor if heard else None)
        assert sorted(ids(heard + rest)) == sorted(ids(whole)), f"cut after {at} of {length} bytes"
    assert broken > length / 5 - 15, "only a cut in the goodbye goes unnoticed"


@pytest.mark.parametrize("command", ["CAPABILITY", "LIST .*", "UID FETCH .*"])
def test_a_server_that_drips_is_left_in_time(serve: Serve, command: str) -> None:
    """A deadline for each read would wait a thousand times as long."""

    def drip(talk: Talk, line: bytes) -> bytes:
        talk.script.drip = 0.05
        return talk.usual(line)

    script = some(50)
    script.answers[command] = drip
    server = serve(script)
    started = time.monotonic()
    error = fails(server, timeout=0.5)
    assert isinstance(error, TryLater)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("greeting", [b"", b"* OK"])
def test_a_server_that_says_nothing_is_left_in_time(serve: Serve, greeting: bytes) -> None:
    def silent(talk: Talk, _: bytes) -> bytes:
        talk.hear()
        return b""

    script = Script(greeting=greeting, answers={".*": silent})
    started = time.monotonic()
    assert isinstance(fails(serve(script), timeout=0.3), TryLater)
    assert time.monotonic() - started < 2


def test_a_port_where_nobody_listens_is_tried_later(serve: Serve) -> None:
    server = serve()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert isinstance(fails(server, port=port), TryLater)


ENDLESS = {
    "a literal of a tebibyte in FETCH": ("UID FETCH .*", b"* 1 FETCH (UID 1 BODY[HEADER] {1099511627776}\r\nx"),
    "a literal of a tebibyte in LIST": ("LIST .*", b'* LIST () "/" {1099511627776}\r\nx'),
    "a literal of a tebibyte in the greeting": ("CAPABILITY", b"* CAPABILITY {1099511627776}\r\nx"),
    "a length of a thousand digits": ("LIST .*", b'* LIST () "/" {' + b"9" * 5000 + b"}\r\nx"),
    "a line without end in FETCH": ("UID FETCH .*", b"* 1 FETCH (" + b"x" * 3_000_000),
    "a line without end in LIST": ("LIST .*", b"* LIST " + b"x" * 3_000_000),
    "a line without end in SEARCH": ("UID SEARCH .*", b"* SEARCH" + b" 1" * 3_000_000),
    "lines without end": ("EXAMINE .*", b"* OK x\r\n" * 1_000_000),
    "a web page": ("CAPABILITY", b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\n\r\n"),
    "bytes": ("LIST .*", bytes(range(256)) * 10 + b"\r\n"),
    "another command's tag": ("LIST .*", b"ZZZ99 OK done\r\n"),
    "a question nobody expects": ("UID FETCH .*", b"* 1 FETCH (UID 1 BODY[HEADER] {99999999}\r\n"),
}


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_server_that_sends_what_is_not_imap_is_left(serve: Serve, endless: str) -> None:
    command, said = ENDLESS[endless]
    script = some(3)
    script.answers[command] = said
    assert isinstance(fails(serve(script), timeout=3.0), TryLater)


@pytest.mark.parametrize("command", ["CAPABILITY", "LIST .*", "EXAMINE .*", "UID SEARCH .*", "UID FETCH .*"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=80) | st.text('()"{}[]* OKNIL\\\r\n019+~', max_size=80).map(str.encode))
def test_no_reply_at_all_does_more_than_end_the_pull(serve: Serve, command: str, junk: bytes) -> None:
    """Whatever the server says, what comes out is pages, TryLater or NeedsHuman."""
    script = some(3)
    script.answers[command] = b"* " + junk.replace(b"%t", b"") + b"\r\n%t OK x\r\n"
    server = serve(script)
    with suppress(TryLater, NeedsHuman):
        pull(server, timeout=0.2)
    server.stop()
