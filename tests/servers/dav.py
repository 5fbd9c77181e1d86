"""Real, private Radicale and Xandikos servers on free ports of 127.0.0.1, for as long as a test module runs.

Collections and their resources are put there as files, past the server, as its own storage has them; a running server sees
them at the next request. ``Account.fingerprint`` sees every file there but what the server itself writes when it is read:
Radicale's caches, Xandikos's git objects.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import ClassVar, Literal

from tests.servers.dovecot import _free_ports as free_ports

PASSWORD = "secret"
USERS = 100
Kind = Literal["calendar", "addressbook"]


class DavServer(ABC):
    """A running server: ``host``, ``port``, and ``folder`` with all that it has."""

    host = "127.0.0.1"
    written_by_reading: ClassVar[tuple[str, ...]] = ()
    """Parts of paths that the server writes to when it is only asked."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kith-dav-"))
        (self.port,) = free_ports(1)
        self._accounts = count(1)
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            env={**os.environ, **_GIT},
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server, for which all has been prepared."""

    @abstractmethod
    def account(self) -> Account:
        """A fresh account with nothing in it; of Xandikos the same one each time, emptied."""

    @abstractmethod
    def create(self, account: Account, kind: Kind, name: str) -> Path:
        """Makes a collection and returns its folder."""

    @abstractmethod
    def path(self, folder: Path) -> str:
        """The path that the server has for a collection."""

    def changed(self, folder: Path) -> None:
        """The files of a collection have been changed."""
        return

    def stop(self) -> None:
        """Ends the server and removes all its files."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                connection = HTTPConnection(self.host, self.port, timeout=5)
                connection.request("OPTIONS", "/")
                connection.getresponse().read()
                connection.close()
            except (OSError, HTTPException):
                if self._process.poll() is not None or time.monotonic() > until:
                    said = (self.folder / "log").read_text()
                    raise RuntimeError(f"{type(self).__name__} does not answer; it logged: {said}") from None
                time.sleep(0.02)
            else:
                return


@dataclass(frozen=True)
class Account:
    """One user of a server. ``home`` is where the collections lie."""

    server: DavServer
    user: str
    home: Path
    password: str = PASSWORD

    def calendar(self, name: str) -> Path:
        """A new, empty calendar."""
        return self.server.create(self, "calendar", name)

    def address_book(self, name: str) -> Path:
        """A new, empty address book."""
        return self.server.create(self, "addressbook", name)

    def put(self, collection: Path, resources: Mapping[str, bytes]) -> None:
        """The resources are there, each by its name (``a.ics``), new or in the place of others."""
        for name, content in resources.items():
            (collection / name).write_bytes(content)
        self.server.changed(collection)

    def delete(self, collection: Path, *names: str) -> None:
        """These resources are not there any more."""
        for name in names:
            (collection / name).unlink()
        self.server.changed(collection)

    def remove(self, collection: Path) -> None:
        """The collection is not there any more."""
        shutil.rmtree(collection)

    def fingerprint(self) -> str:
        """A digest over names, bytes, times and rights of all that a reader could change."""
        digest = hashlib.sha256()
        for path in sorted(self.home.rglob("*")):
            name = path.relative_to(self.home).as_posix()
            if any(part in name for part in self.server.written_by_reading):
                continue
            digest.update(f"{name}\0{path.lstat().st_mode}\0".encode())
            if path.is_file():
                digest.update(f"{path.stat().st_mtime_ns}\0".encode() + path.read_bytes())
        return digest.hexdigest()


class Radicale(DavServer):
    """Radicale, with a password: each user owns the collections ``/user/…/``, calendars beside address books."""

    written_by_reading = (".Radicale.cache", ".Radicale.lock")

    def command(self) -> list[str]:
        (self.folder / "users").write_text("".join(f"alice{n}:{PASSWORD}\n" for n in range(1, USERS)))
        config = self.folder / "config"
        config.write_text(
            f"[server]\nhosts = {self.host}:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {self.folder}/users\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {self.folder}\n[logging]\nlevel = warning\n"
        )
        return [sys.executable, "-m", "radicale", "--config", str(config)]

    def account(self) -> Account:
        user = f"alice{next(self._accounts)}"
        home = self.folder / "collection-root" / user
        home.mkdir(parents=True)
        return Account(self, user, home)

    def create(self, account: Account, kind: Kind, name: str) -> Path:
        folder = account.home / name
        folder.mkdir(parents=True)
        tag = "VCALENDAR" if kind == "calendar" else "VADDRESSBOOK"
        (folder / ".Radicale.props").write_text(json.dumps({"tag": tag, "D:displayname": name.title()}))
        return folder

    def path(self, folder: Path) -> str:
        return f"/{folder.parent.name}/{folder.name}/"


class Xandikos(DavServer):
    """Xandikos, without a password (it has them over TLS alone); each collection is a git repository.

    Calendars and address books have homes of their own, and the name of a collection is used once only.
    """

    written_by_reading = (".git",)

    def command(self) -> list[str]:
        for home in ("calendars", "contacts"):
            (self.folder / "data" / "alice" / home).mkdir(parents=True)
        return [
            *(sys.executable, "-m", "xandikos", "serve", "-d", str(self.folder / "data")),
            *("--state-dir", str(self.folder / "state"), "--current-user-principal", "/alice/", "--autocreate"),
            *("--no-detect-systemd", "-l", self.host, "-p", str(self.port)),
        ]

    def account(self) -> Account:
        home = self.folder / "data" / "alice"
        for folder in ("calendars", "contacts"):
            for collection in (home / folder).iterdir():
                if collection.is_dir():
                    shutil.rmtree(collection)
        return Account(self, "alice", home)

    def create(self, account: Account, kind: Kind, name: str) -> Path:
        folder = account.home / ("calendars" if kind == "calendar" else "contacts") / f"{name}-{next(self._accounts)}"
        template = self.folder / "template"
        if not template.exists():
            template.mkdir()
            _git(template, "init", "-q", "-b", "master", "--template=")
            _git(template, "commit", "-q", "--allow-empty", "-m", "new")
        shutil.copytree(template, folder)
        with (folder / ".git" / "config").open("a") as config:
            config.write(f"[xandikos]\n\ttype = {kind}\n\tdisplayname = {name.title()}\n")
        return folder

    def path(self, folder: Path) -> str:
        return f"/alice/{folder.parent.name}/{folder.name}/"

    def changed(self, folder: Path) -> None:
        _git(folder, "add", "-A")
        _git(folder, "commit", "-q", "-m", "changed")


_GIT = {
    "GIT_AUTHOR_NAME": "alice",
    "GIT_AUTHOR_EMAIL": "alice@example.org",
    "GIT_COMMITTER_NAME": "alice",
    "GIT_COMMITTER_EMAIL": "alice@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env={**os.environ, **_GIT})
