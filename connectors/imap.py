"""Mail on an IMAP server (RFC 3501, RFC 9051): who wrote to whom, and when. Nothing on the server is changed.

Every folder but spam, trash and drafts is read; on Gmail the one that has it all. A pull goes round twice. First the
news: of a folder that was read before what came since, oldest first; of a new one the newest messages. Then the
backfill: sent mail to its beginning, then the other folders, newest first. The cursor holds both ends of what was read
of each folder, so a pull may stop after any page and the next one goes on in the middle.

The messages of a page come while the page before it is being stored: its FETCH is sent first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import Cursor, Page, TryLater
from connectors.remote import is_loopback, metered
from connectors.secret import Secret

if TYPE_CHECKING:
    from threading import Event

    from connectors.imap_session import Session

WITHOUT_IDLE = 180.0
"""Seconds after which it is worthwhile to look at a server that cannot tell of news."""


class Folders(BaseModel):
    """Which folders are read. Names as people see them, ``/`` between segments; ``*`` and ``?`` stand for anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] | None = None
    """Where it is given, no other folder is read."""

    def excludes(self, name: str) -> bool:
        """Whether the folder, or one that it is in, is excluded."""
        return _among(name, self.exclude)

    def includes(self, name: str) -> bool:
        """Whether the folder, or one that it is in, is included, as all are if nothing is said."""
        return self.include is None or _among(name, self.include)


def _among(name: str, patterns: tuple[str, ...]) -> bool:
    folders = [name, *(name[: slash.start()] for slash in re.finditer("/", name))]
    wanted = [pattern.casefold().replace("[", "[[]") for pattern in patterns]  # "[Gmail]/Important" means itself
    return any(fnmatchcase(folder.casefold(), pattern) for folder in folders for pattern in wanted)


class ImapSettings(BaseModel):
    """One account on an IMAP server."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    """993 with implicit TLS, else 143, if not given."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca: Path | None = None
    """A PEM file: the only certificates that the server's may come from, or be."""
    user: str = Field(min_length=1, max_length=1024)
    password: Secret
    login: Literal["auto", "login", "plain", "xoauth2"] = "auto"
    """With "xoauth2" the password is an access token."""
    folders: Folders = Folders()
    timeout: float = Field(default=60.0, gt=0, le=3600)
    """Seconds that one command may keep us waiting, in all."""

    @field_validator("host", "user")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("must be one line without blanks around it")
        return value

    @model_validator(mode="after")
    def _encrypted(self) -> ImapSettings:
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                'tls = "none" would send the password in the clear: it is allowed for localhost alone; '
                'use "implicit" or "starttls"'
            )
        return self


class Imap:
    """Mail on an IMAP server."""

    Settings: ClassVar[type[BaseModel]] = ImapSettings
    fetches: ClassVar[str] = "of each mail: who wrote to whom, when, its subject, and signs of lists and robots; never its text"

    history = True

    def __init__(self, settings: ImapSettings) -> None:
        self.settings = settings
        self.came = 0
        self._inbox: tuple[int, int] | None = None
        self._told: tuple[int, int] | None = None

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, until all there is was said."""
        from connectors.imap_reading import Reading

        session = self._session()
        try:
            reading = Reading(session, self.settings.folders, cursor, self.history)
            try:
                yield from metered(self, reading.pages(), lambda: session.wire.came)
            finally:  # also of a pull that is left in the midst of a history
                self._inbox = reading.inbox
        finally:
            session.close()

    def watch(self, stop: Event) -> None:
        """Returns when INBOX has news, or after some minutes where the server cannot tell, or when ``stop`` is set."""
        from connectors.imap_replies import Refused

        session = self._session()
        try:
            if "IDLE" in session.caps:
                box = session.examine(b"INBOX")
                now = (box.validity, box.next)
                # what came between the last pull and now, IDLE does not tell; but tell of one thing only once
                if self._inbox in (None, now) or self._told == now:
                    session.idle(stop)
                self._told = now
                return
        except Refused as error:
            raise TryLater(f"{self.settings.host} does not open INBOX: {error}") from error
        finally:
            session.close()
        stop.wait(WITHOUT_IDLE)

    def _session(self) -> Session:
        from connectors.imap_session import Session
        from connectors.remote import tls_context

        its = self.settings
        password = its.password.reveal(its.user)
        port = its.port or (993 if its.tls == "implicit" else 143)
        session = Session(its.host, port, its.tls, None if its.tls == "none" else tls_context(its.ca), its.timeout)
        session.login(its.user, password, its.login)
        return session
