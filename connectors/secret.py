"""Secrets are fetched when they are needed, and kept nowhere.

    password = { command = ["pass", "mail"] }     the first line that a program writes; no shell is involved
    password = { keyring = "mail" }               the service in the system's keyring; the user is that of the source
    password = { keyring = { service = "mail", user = "me" } }
    password = { env = "MAIL_PASSWORD" }          an environment variable
    password = { file = "~/.mail-password" }      the first line of a file of mode 0600

No error raised here, no repr and no log line has the secret or what a program wrote to its standard error in it.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import threading
import time
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from connectors.base import NeedsHuman

KEYRING_SECONDS = 5.0
COMMAND_SECONDS = 60.0
"""Long enough to type a passphrase into the window that a password store opens."""
LONGEST = 65_536
"""Bytes of a command's output or of a file that are looked at."""

_WAYS = '{ command = ["pass", "mail"] }, { keyring = "…" }, { env = "…" } or { file = "…" }'


class _KeyringItem(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    service: str
    user: str


class Secret(BaseModel):
    """How a secret is fetched: exactly one of ``keyring``, ``command``, ``env`` and ``file``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keyring: str | _KeyringItem | None = None
    command: tuple[str, ...] | None = None
    env: str | None = None
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_way(cls, written: Any) -> Any:
        if isinstance(written, str | bytes | int | float):
            raise PydanticCustomError("plain_secret", "a secret is fetched, never stored", {"hint": f"write {_WAYS}"})
        if not isinstance(written, dict):
            return written
        ways = [way for way in cls.model_fields if written.get(way)]
        if len(ways) != 1 and not set(written) - set(cls.model_fields):
            hint = f"write {_WAYS}"
            raise PydanticCustomError("secret_ways", "a secret is fetched in exactly one way", {"hint": hint})
        if isinstance(command := written.get("command"), str):
            try:
                return {**written, "command": shlex.split(command)}
            except ValueError:
                hint = 'write it as a list: { command = ["pass", "mail"] }'
                raise PydanticCustomError("secret_command", "the command has an open quote", {"hint": hint}) from None
        return written

    def __repr__(self) -> str:
        way = next((way for way in type(self).model_fields if getattr(self, way)), "nothing")
        return f"Secret({way})"

    __str__ = __repr__

    def reveal(self, user: str | None = None) -> str:
        """The secret itself, fetched now; ``user`` is whose it is in the keyring, where the setting does not say.

        Raises NeedsHuman where it cannot be had; the hint is what to do about it.
        """
        if self.command:
            return _from_command(self.command)
        if self.env:
            return _from_environment(self.env)
        if self.file:
            return _from_file(self.file)
        if isinstance(self.keyring, _KeyringItem):
            return _from_keyring(self.keyring.service, self.keyring.user)
        return _from_keyring(self.keyring or "", user)


def _first_line(raw: bytes, origin: str, hint: str) -> str:
    line = raw.partition(b"\n")[0].removesuffix(b"\r")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise NeedsHuman(f"the first line of {origin} is not UTF-8", hint) from None
    if not text:
        raise NeedsHuman(f"the first line of {origin} is empty", hint)
    return text


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise NeedsHuman(f"the environment variable {name} is not set", f"export {name}=…, where kith is started")
    return value


def _from_file(written: str) -> str:
    path = os.path.expanduser(written)
    quoted = shlex.quote(path)
    try:
        # Not blocking: a named pipe at this place would hold the daemon for ever.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "not a path"
        hint = f"write the secret into it: (umask 077; cat > {quoted})"
        raise NeedsHuman(f"the secret's file {path} cannot be read: {reason}", hint) from None
    try:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            raise NeedsHuman(f"{path} is not a file", "name a file whose first line is the secret")
        if mode & 0o077:
            raise NeedsHuman(f"others may read {path} (mode {mode & 0o777:o})", f"chmod 600 {quoted}")
        return _first_line(os.read(number, LONGEST), path, f"write the secret into the first line of {path}")
    finally:
        os.close(number)


def _from_keyring(service: str, user: str | None) -> str:
    if user is None:
        hint = f'write keyring = {{ service = "{service}", user = "…" }}'
        raise NeedsHuman(f"the keyring item {service!r} has no user", hint)
    answer: list[str | None] = []
    trouble: list[str] = []

    def ask() -> None:
        try:
            import keyring
            import keyring.errors

            answer.append(keyring.get_password(service, user))
        except ImportError:
            trouble.append("NoKeyringError")
        except Exception as wrong:  # backends raise what their own libraries raise; only its name is safe to show
            trouble.append(type(wrong).__name__)

    # A locked keyring waits for somebody to answer its dialogue, and has no timeout of its own.
    asking = threading.Thread(target=ask, name="keyring", daemon=True)
    asking.start()
    asking.join(KEYRING_SECONDS)
    item = f"{shlex.quote(service)} {shlex.quote(user)}"
    if asking.is_alive():
        raise NeedsHuman("the keyring does not answer", f"unlock it, then try: keyring get {item}")
    if trouble == ["NoKeyringError"]:
        raise NeedsHuman("this system has no keyring", f"fetch the secret another way: {_WAYS}")
    if trouble:
        raise NeedsHuman(f"the keyring refuses: {trouble[0]}", f"unlock it, then try: keyring get {item}")
    if not answer[0]:
        raise NeedsHuman(f"the keyring has no secret of {user!r} for {service!r}", f"keyring set {item}")
    return answer[0]


def _from_command(command: tuple[str, ...]) -> str:
    program = os.path.expanduser(command[0])
    name = shlex.quote(command[0])
    hint = f"run the command yourself and see what it says: {name} …"
    try:
        running = subprocess.Popen(  # no shell: what stands in the configuration is never parsed a second time
            [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "not a command"
        what = f"the command {name} cannot be run: {reason}"
        raise NeedsHuman(what, f"install {name}, or write its full path") from None
    with running:
        try:
            raw = _output(running, time.monotonic() + COMMAND_SECONDS)
        finally:
            if running.poll() is None:
                running.kill()
    if raw is None:
        raise NeedsHuman(f"the command {name} did not end within {COMMAND_SECONDS:.0f} s", hint)
    if running.returncode:
        raise NeedsHuman(f"the command {name} failed with exit code {running.returncode}", hint)
    return _first_line(raw, f"what {name} writes", hint)


def _output(running: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """What the program wrote until it ended, up to LONGEST bytes; None if it did not end before the deadline.

    Its end is what counts, not the end of the pipe: an agent that it left behind may hold that open for ever.
    """
    raw = b""
    if running.stdout is None:
        return None
    with DefaultSelector() as selector:
        selector.register(running.stdout, EVENT_READ)
        while time.monotonic() < deadline:
            ended = running.poll() is not None
            if selector.select(0 if ended else 0.05):
                some = os.read(running.stdout.fileno(), LONGEST)
                raw = (raw + some)[:LONGEST]
                if some:
                    continue
                selector.unregister(running.stdout)
                return raw if _ends(running, deadline) else None
            if ended:
                return raw
    return None


def _ends(running: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        running.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True
