"""Secrets are fetched when they are needed, in four ways, and show up nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest
from pydantic import BaseModel, ValidationError

from connectors import secret
from connectors.base import NeedsHuman
from connectors.secret import Secret

CANARY = "canary-7f3a"


def fetched(user: str | None = None, **ways: Any) -> str:
    return Secret.model_validate(ways).reveal(user)


def refused(user: str | None = None, **ways: Any) -> NeedsHuman:
    """The error of a secret that cannot be had; nothing about it has the canary in it."""
    with pytest.raises(NeedsHuman) as caught:
        fetched(user, **ways)
    error = caught.value
    assert error.what
    assert error.hint
    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error) + error.what + error.hint
    return error


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory that holds what it is given, or raises or waits as it is told."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None
        self.seconds = 0.0

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(self.seconds)
        if self.trouble:
            raise self.trouble
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A keyring of our own, in the place of the system's."""
    before, ring = keyring.get_keyring(), Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """A program of these lines of shell."""

    def script(lines: str) -> str:
        file = tmp_path / "fetch password"
        file.write_text(f"#!/bin/sh\n{lines}\n")
        file.chmod(0o700)
        return str(file)

    return script


class TestHowItIsWritten:
    @pytest.mark.parametrize("written", [CANARY, "", 3, b"x"])
    def test_plain_text_is_refused_with_what_to_write(self, written: object) -> None:
        with pytest.raises(ValidationError) as caught:
            Secret.model_validate(written)
        (error,) = caught.value.errors()
        assert error["msg"] == "a secret is fetched, never stored"
        assert 'command = ["pass", "mail"]' in error["ctx"]["hint"]
        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize(
        "written",
        [
            *({}, {"env": "A", "file": "b"}, {"env": ""}, {"env": 3}, {"envs": "A"}, ["a"], None),
            *({"command": []}, {"command": "pass 'mail"}, {"command": ["pass", 3]}),
            *({"keyring": {"service": "a"}}, {"keyring": {"service": "a", "user": "b", "c": "d"}}),
        ],
    )
    def test_it_is_one_way_of_four(self, written: object) -> None:
        with pytest.raises(ValidationError):
            Secret.model_validate(written)

    def test_it_never_shows_how_it_is_fetched_in_full(self) -> None:
        secret = Secret.model_validate({"command": ["echo", CANARY]})

        class Settings(BaseModel):
            password: Secret

        shown = repr(secret) + str(secret) + repr(Settings(password=secret)) + f"{secret}"
        assert CANARY not in shown
        assert "Secret(command)" in shown


class TestEnvironment:
    def test_the_variable_is_the_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KITH_TEST_SECRET", f" {CANARY} ")
        assert fetched(env="KITH_TEST_SECRET") == f" {CANARY} "

    @pytest.mark.parametrize("value", ["", None])
    def test_a_variable_that_is_not_set_is_named(self, monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
        monkeypatch.delenv("KITH_TEST_SECRET", raising=False)
        if value is not None:
            monkeypatch.setenv("KITH_TEST_SECRET", value)
        assert "KITH_TEST_SECRET" in refused(env="KITH_TEST_SECRET").what


class TestFile:
    @pytest.mark.parametrize("content", ["{}\n", "{}", "{}\r\nmore\n"])
    def test_the_first_line_is_the_secret(self, tmp_path: Path, content: str) -> None:
        file = tmp_path / "secret"
        file.write_text(content.format(CANARY), newline="")
        file.chmod(0o600)
        assert fetched(file=str(file)) == CANARY

    def test_the_home_folder_is_meant_by_a_tilde(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "s").write_text(CANARY)
        (tmp_path / "s").chmod(0o400)
        assert fetched(file="~/s") == CANARY

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
    def test_a_file_that_others_may_read_is_refused_with_the_command(self, tmp_path: Path, mode: int) -> None:
        file = tmp_path / "a secret"
        file.write_text(CANARY)
        file.chmod(mode)
        assert refused(file=str(file)).hint == f"chmod 600 '{file}'"

    def test_what_is_not_there_or_no_file_or_empty_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "empty").touch(0o600)
        (tmp_path / "binary").touch(0o600)
        (tmp_path / "binary").write_bytes(b"\xff\xfe\n" + CANARY.encode())
        os.mkfifo(tmp_path / "pipe", 0o600)
        whats = [refused(file=str(tmp_path / name)).what for name in ("none", "empty", "binary", "pipe", ".", "\0")]
        words = ["No such file", "is empty", "not UTF-8", "not a file", "", "not a path"]
        assert [word in what for word, what in zip(words, whats, strict=True)] == [True] * 6


class TestCommand:
    def test_the_first_line_that_it_writes_is_the_secret(self, script: Callable[[str], str]) -> None:
        program = script(f"printf '%s\\n' '{CANARY}' 'url: https://example.org'")
        assert fetched(command=[program]) == CANARY

    def test_a_text_is_split_into_words(self) -> None:
        assert fetched(command=f"printf '%s\\n' 'two  words' {CANARY}") == "two  words"

    def test_no_shell_is_involved(self) -> None:
        assert fetched(command=["echo", "$HOME; `id` | cat"]) == "$HOME; `id` | cat"

    def test_a_failure_says_neither_what_it_wrote_nor_its_arguments(self, script: Callable[[str], str]) -> None:
        error = refused(command=[script(f"echo {CANARY}; echo {CANARY} >&2; exit 3"), CANARY])
        assert "exit code 3" in error.what

    def test_nothing_of_what_it_says_reaches_the_terminal(self, script: Callable[[str], str]) -> None:
        program = script(f"echo {CANARY} >&2; echo x")
        code = f"from connectors.secret import Secret; Secret(command=({program!r},)).reveal()"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parents[2]
        )
        assert (done.stdout, done.stderr) == (b"", b"")

    def test_a_command_that_is_not_there_is_named(self) -> None:
        assert "no-such-program" in refused(command=["no-such-program", CANARY]).what

    @pytest.mark.parametrize("lines", ["", "echo", "printf '\\377\\n'"])
    def test_a_command_that_writes_no_text_is_told(self, script: Callable[[str], str], lines: str) -> None:
        assert "first line" in refused(command=[script(lines)]).what

    @pytest.mark.parametrize(
        "lines", [f"echo {CANARY}; exec sleep 60", "exec sleep 60", "exec >&-; exec sleep 60", "exec yes"]
    )
    def test_a_command_that_does_not_end_is_ended(
        self, script: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, lines: str
    ) -> None:
        monkeypatch.setattr(secret, "COMMAND_SECONDS", 0.3)
        start = time.monotonic()
        assert "did not end" in refused(command=[script(lines)]).what
        assert time.monotonic() - start < 20

    def test_an_agent_that_it_leaves_behind_is_not_waited_for(self, script: Callable[[str], str]) -> None:
        start = time.monotonic()
        assert fetched(command=[script(f"sleep 30 & echo {CANARY}")]) == CANARY
        assert time.monotonic() - start < 20


class TestKeyring:
    def test_a_service_and_the_user_of_the_source_are_looked_up(self, ring: Ring) -> None:
        ring.held["mail", "me@example.org"] = CANARY
        assert fetched("me@example.org", keyring="mail") == CANARY

    def test_the_setting_may_name_the_user_itself(self, ring: Ring) -> None:
        ring.held["mail", "me"] = CANARY
        assert fetched("other", keyring={"service": "mail", "user": "me"}) == CANARY

    def test_an_item_that_is_not_there_is_told_with_the_command_that_makes_it(self, ring: Ring) -> None:
        assert refused("a b", keyring="mail").hint == "keyring set mail 'a b'"

    def test_a_service_without_a_user_is_told(self, ring: Ring) -> None:
        assert 'user = "…"' in refused(keyring="mail").hint

    def test_a_system_without_a_keyring_is_told_with_the_other_ways(self) -> None:
        before = keyring.get_keyring()
        keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
        try:
            assert "env = " in refused("me", keyring="mail").hint
        finally:
            keyring.set_keyring(before)

    @pytest.mark.parametrize("trouble", [keyring.errors.KeyringLocked(CANARY), OSError(CANARY)])
    def test_a_keyring_that_refuses_is_told_without_its_words(self, ring: Ring, trouble: Exception) -> None:
        ring.trouble = trouble
        assert type(trouble).__name__ in refused("me", keyring="mail").what

    def test_a_locked_keyring_that_waits_for_somebody_is_not_waited_for(
        self, ring: Ring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(secret, "KEYRING_SECONDS", 0.1)
        ring.seconds = 3
        assert "does not answer" in refused("me", keyring="mail").what
