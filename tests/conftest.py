"""The servers that tests talk to, and the check that nothing was changed on them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples every time, so that a failure is the change's; KITH_FUZZ=5000 looks for new ones, so many a test.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", max_examples=int(os.environ.get("KITH_FUZZ") or 100), deadline=None)
settings.load_profile("fuzz" if os.environ.get("KITH_FUZZ") else "same")

pytest.register_assert_rewrite("connectors.contract")

from tests.servers.dovecot import Account, Dovecot  # noqa: E402
from tests.servers.wirelog import WireLog, raw_commands, violations  # noqa: E402

_WIRE_LOG = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def dovecot(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """A running Dovecot. When the session ends, all that was said to it is held against the promise: only reading."""
    server = Dovecot()
    try:
        yield server
        sessions = [session for session in WireLog.everything if session.port == server.port]
        commands = [command for session in sessions for command in session.commands()]
        # Dovecot's own logs hold what was said inside TLS, and past the proxy.
        commands += [command for log in server.raw_logs() for command in raw_commands(log.read_bytes())]
        changes = violations(commands)
        bodies = [body for session in sessions for body in session.bodies()]
        body_bytes = server.body_bytes() + sum(len(body) for body in bodies)
    finally:
        server.stop()
    told = f"IMAP wire log of the whole suite has {len(changes)} commands that change anything, "
    told += f"and {body_bytes} body bytes"
    request.config.stash[_WIRE_LOG] = f"{told} (of {len(commands)} commands)"
    assert changes == [], told
    assert bodies == [], told
    assert body_bytes == 0, told


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    """A fresh, empty account on the server."""
    return dovecot.account()


@pytest.fixture
def wire(dovecot: Dovecot) -> Iterator[WireLog]:
    """The way to the server's plain port: connect to ``wire.port``."""
    proxy = WireLog(dovecot.port)
    yield proxy
    proxy.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _WIRE_LOG in config.stash:
        terminalreporter.write_line(config.stash[_WIRE_LOG])
