"""Every kind of IMAP server can be read; what it refuses and when is told rightly; and it is only read."""

from __future__ import annotations

import re
import threading
import time

import pytest

from connectors import imap_session
from connectors.base import NeedsHuman, TryLater
from tests.servers.scripted_imap import (
    PASSWORD,
    PASSWORD_VARIABLE,
    Mailbox,
    Script,
    Serve,
    Talk,
    fails,
    ids,
    imap,
    mail,
    pull,
    some,
)

# Which servers there are


@pytest.mark.parametrize("list_status", ["", " LIST-EXTENDED LIST-STATUS SPECIAL-USE", " SPECIAL-USE"])
@pytest.mark.parametrize("search", ["", " ESEARCH"])
@pytest.mark.parametrize("login", ["", " AUTH=PLAIN", " AUTH=PLAIN SASL-IR", " AUTH=PLAIN LOGINDISABLED ID LITERAL+"])
def test_every_mix_of_capabilities_works(serve: Serve, login: str, search: str, list_status: str) -> None:
    script = some(30, "IMAP4rev1" + login + search + list_status)
    script.boxes |= {b"Sent": Mailbox({5: mail(900), 9: mail(901)}, flags="\\Sent"), b"Empty": Mailbox()}
    server = serve(script)
    pages = pull(server)
    assert len(set(ids(pages))) == len(ids(pages)) == 32
    assert ids(pages)[0].startswith("901")
    assert pull(server, pages[-1].cursor) == []
    script.boxes[b"INBOX"].messages[31] = mail(950)
    assert len(ids(pull(server, pages[-1].cursor))) == 1


@pytest.mark.parametrize("how", ["login", "plain", "xoauth2", "auto"])
def test_every_way_to_log_in(serve: Serve, how: str) -> None:
    server = serve(some(1))
    assert len(ids(pull(server, login=how))) == 1


@pytest.mark.parametrize("how", ["login", "plain"])
@pytest.mark.parametrize("word", ['a" b\\', "pässwörd", "{12}", "%s*()"])
def test_any_password_arrives_as_it_is(serve: Serve, monkeypatch: pytest.MonkeyPatch, how: str, word: str) -> None:
    server = serve(some(1))
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD + word)
    given: list[bytes] = []
    usual = Talk._let_in

    def let_in(talk: Talk, said: bytes) -> bytes:
        given.append(said)
        return usual(talk, said)

    monkeypatch.setattr(Talk, "_let_in", let_in)
    assert len(ids(pull(server, login=how))) == 1
    assert (PASSWORD + word).encode() in given[0]


def test_a_server_that_does_not_know_plain_after_all_gets_login(serve: Serve) -> None:
    script = some(1)
    script.answers["AUTHENTICATE .*"] = b"%t BAD what\r\n"
    assert len(ids(pull(serve(script)))) == 1


def test_a_token_that_is_refused_gets_an_empty_answer_and_needs_a_human(serve: Serve) -> None:
    def refuse(talk: Talk, _: bytes) -> bytes:
        talk.say(b"+ \r\n")
        talk.hear()
        talk.say(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
        assert talk.hear() == b""
        return b"%t NO token expired\r\n"

    server = serve(Script(answers={"AUTHENTICATE .*": refuse}))
    error = fails(server, login="xoauth2")
    assert isinstance(error, NeedsHuman)
    assert "token" in error.hint


def test_questions_without_end_at_the_login_end_the_connection(serve: Serve) -> None:
    def ask(talk: Talk, _: bytes) -> bytes:
        while True:
            talk.say(b"+ \r\n")
            talk.hear()

    assert isinstance(fails(serve(Script(answers={"AUTHENTICATE .*": ask}))), TryLater)


def test_nothing_but_reading_is_ever_sent(serve: Serve) -> None:
    server = serve(some(500, "IMAP4rev1 ESEARCH ID LIST-EXTENDED LIST-STATUS SPECIAL-USE"))
    pull(server)
    reading = rb"CAPABILITY|ID .*|LOGIN .*|LIST .*|EXAMINE .*|UID SEARCH .*|UID FETCH [0-9:,]+ \(UID INTERNALDATE BODY\.PEEK\[HEADER\.FIELDS \([A-Z -]+\)\]\)|LOGOUT"  # noqa: E501
    assert [line for line in server.lines if not re.fullmatch(reading, line)] == []


# Refusals

LATER = {
    "[UNAVAILABLE] down": 900,
    "[INUSE] locked": 900,
    "[LIMIT] enough": 900,
    "[OVERQUOTA] bandwidth": 900,
    "[THROTTLED] slow down": 900,
    "Server Unavailable. 15": 900,
    "[ALERT] Too many simultaneous connections. (Failure)": 900,
    "Account exceeded command or bandwidth limits. (Failure)": 900,
}


@pytest.mark.parametrize("said", LATER)
@pytest.mark.parametrize("command", ["AUTHENTICATE PLAIN", "LIST .*", "EXAMINE .*", "UID SEARCH .*", "UID FETCH .*"])
def test_a_server_with_too_much_to_do_is_left_alone_for_a_quarter_of_an_hour(
    serve: Serve, said: str, command: str
) -> None:
    script = some(3)
    script.answers[command] = f"%t NO {said}\r\n".encode()
    error = fails(serve(script))
    assert isinstance(error, TryLater)
    assert error.retry_after is not None
    assert error.retry_after >= LATER[said]


@pytest.mark.parametrize("command", ["CAPABILITY", "AUTHENTICATE PLAIN", "LIST .*", "EXAMINE .*", "UID FETCH .*"])
def test_a_goodbye_at_any_time_is_tried_later(serve: Serve, command: str) -> None:
    script = some(3)
    script.answers[command] = b"* BYE [UNAVAILABLE] shutting down\r\n"
    error = fails(serve(script))
    assert isinstance(error, TryLater)
    assert "shutting down" in error.what


def test_a_goodbye_instead_of_a_greeting_is_tried_later(serve: Serve) -> None:
    error = fails(serve(Script(greeting=b"* BYE too many connections from your address\r\n")))
    assert isinstance(error, TryLater)
    assert error.retry_after == 900


@pytest.mark.parametrize(
    "said",
    [
        b"%t NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n",
        b"%t NO [ALERT] Application-specific password required: https://support.example.org\r\n",
        b"%t NO LOGIN failed.\r\n",
        b"%t NO\r\n",
    ],
)
def test_a_refused_login_needs_a_human_and_is_tried_once(serve: Serve, said: bytes) -> None:
    server = serve(Script(answers={"(LOGIN|AUTHENTICATE) .*": said}))
    error = fails(server)
    assert isinstance(error, NeedsHuman)
    assert error.what.startswith("login refused")
    assert "password" in error.hint
    assert sum(line.startswith((b"LOGIN", b"AUTHENTICATE")) for line in server.lines) == 1
    assert PASSWORD not in error.what + error.hint


def test_what_a_server_says_is_shown_without_control_characters(serve: Serve) -> None:
    evil = "%t NO [ALERT] \x1b]0;owned\x07 \x9b2J \u202egnihsihp " + "x" * 5000 + "\r\n"
    error = fails(serve(Script(answers={"AUTHENTICATE .*": evil.encode()})))
    assert error.what.isprintable()


def test_a_server_without_a_way_to_log_in_needs_a_human_and_gets_no_password(serve: Serve) -> None:
    server = serve(Script(capabilities="IMAP4rev1 LOGINDISABLED AUTH=GSSAPI"))
    assert isinstance(fails(server), NeedsHuman)
    assert isinstance(fails(server, login="login"), NeedsHuman)
    assert server.lines.count(b"LOGOUT") == len([line for line in server.lines if line != b"CAPABILITY"])


# News


def test_watch_returns_when_a_message_comes(serve: Serve) -> None:
    script = some(3, "IMAP4rev1 IDLE")
    server = serve(script)
    source = imap(server)
    list(source.pull(None))
    stop = threading.Event()
    watching = threading.Thread(target=source.watch, args=(stop,), daemon=True)
    watching.start()
    until = time.monotonic() + 5
    while b"IDLE" not in server.lines and time.monotonic() < until:
        time.sleep(0.01)
    server.push(b"* OK still here\r\n* 2 FETCH (FLAGS (\\Seen))\r\n")
    watching.join(0.3)
    assert watching.is_alive()
    server.push(b"* 4 EXISTS\r\n")
    watching.join(5)
    assert not watching.is_alive()


def test_watch_returns_at_once_if_something_came_since_the_last_pull(serve: Serve) -> None:
    script = some(3, "IMAP4rev1 IDLE")
    server = serve(script)
    source = imap(server)
    list(source.pull(None))
    script.boxes[b"INBOX"].messages[4] = mail(4)
    source.watch(threading.Event())
    assert b"IDLE" not in server.lines


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 IDLE"])
def test_watch_ends_when_it_is_told_to_stop(serve: Serve, capabilities: str) -> None:
    server = serve(some(3, capabilities))
    stop = threading.Event()
    watching = threading.Thread(target=imap(server).watch, args=(stop,), daemon=True)
    watching.start()
    time.sleep(0.2)
    assert watching.is_alive()
    stop.set()
    watching.join(3)
    assert not watching.is_alive()


def test_a_connection_that_breaks_while_watching_is_tried_later(serve: Serve) -> None:
    script = some(3, "IMAP4rev1 IDLE")
    script.answers["IDLE"] = b"+ idling\r\n* BYE restarting\r\n"
    with pytest.raises(TryLater):
        imap(serve(script)).watch(threading.Event())


def test_idle_is_asked_for_again_before_a_server_hangs_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_session, "IDLE_FOR", 0.1)
    server = serve(some(3, "IMAP4rev1 IDLE"))
    stop = threading.Event()
    watching = threading.Thread(target=imap(server).watch, args=(stop,), daemon=True)
    watching.start()
    until = time.monotonic() + 10
    while server.lines.count(b"IDLE") < 2 and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    watching.join(5)
    assert server.lines.count(b"IDLE") >= 2
    assert server.connections == 1
