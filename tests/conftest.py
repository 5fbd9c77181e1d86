"""The servers that tests talk to, the check that nothing was changed on them, and an empty place to begin in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples every time, so that a failure is the change's; KITH_FUZZ=5000 looks for new ones, so many a test.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", max_examples=int(os.environ.get("KITH_FUZZ") or 100), deadline=None)
settings.load_profile("fuzz" if os.environ.get("KITH_FUZZ") else "same")

pytest.register_assert_rewrite("connectors.contract")

from tests.cli.running import Kith  # noqa: E402
from tests.servers.dovecot import Account, Dovecot  # noqa: E402
from tests.servers.wirelog import WireLog, raw_commands, violations  # noqa: E402

_WIRE_LOGS = pytest.StashKey[list[tuple[int, int, int]]]()
"""Of each Dovecot: commands that change something, bytes of bodies, commands. One a process that runs tests."""


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
    counted = (len(changes), body_bytes, len(commands))
    output = getattr(request.config, "workeroutput", None)
    if output is None:
        request.config.stash.setdefault(_WIRE_LOGS, []).append(counted)
    else:
        output["wire_log"] = counted  # pytest-xdist hands it to the process that began this one
    told = _told([counted])
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


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    """Nothing is configured, and nothing captured."""
    return Kith(tmp_path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: while a test waits for a process or a clock, another one runs."""
    return 1 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of pytest-xdist's that ran tests has ended."""
    counted = getattr(node, "workeroutput", {}).get("wire_log")
    if counted is not None:
        node.config.stash.setdefault(_WIRE_LOGS, []).append(counted)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _WIRE_LOGS in config.stash:
        terminalreporter.write_line(_told(config.stash[_WIRE_LOGS]))


def _told(logs: list[tuple[int, int, int]]) -> str:
    changes, body_bytes, commands = (sum(each) for each in zip(*logs, strict=True))
    told = f"IMAP wire log of the whole suite has {changes} commands that change anything, "
    return told + f"and {body_bytes} body bytes (of {commands} commands)"
