"""What an account on a CalDAV or CardDAV server needs to be known: its address or URL, a login, and limits."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.remote import is_loopback
from connectors.secret import Secret


class DavSettings(BaseModel):
    """One account on a DAV server."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(min_length=1, max_length=2048)
    """A URL, or an e-mail address or a domain whose server is looked for (RFC 6764)."""
    user: str = Field(default="", max_length=1024)
    """The address in ``url``, if not given."""
    password: Secret | None = None
    """May be left out on a server of this machine that asks for none."""
    exclude: tuple[str, ...] = ()
    """Collections that are not read, by the name that people see or the last part of their path; ``*`` and ``?`` stand for
    anything."""
    ca: Path | None = None
    """A PEM file: the only certificates that the server's may come from, or be."""
    timeout: float = Field(default=120.0, gt=0, le=3600)
    """Seconds that one request may keep us waiting, in all."""

    @field_validator("url", "user")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("must be one line without blanks around it")
        return value

    @field_validator("url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        if "://" not in value:
            domain = value.rpartition("@")[2]
            if not domain or any(each in domain for each in "/?#: "):
                raise ValueError('must be a URL ("https://dav.example.org/"), an e-mail address or a domain')
            return value
        parts = urlsplit(value)
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError("is no URL: its port is no number below 65536") from error
        if parts.scheme not in ("https", "http") or not host or port == 0:
            raise ValueError('must begin with https:// and a host ("https://dav.example.org/")')
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("would send the password in the clear: http:// is allowed for localhost alone; use https://")
        if parts.username or parts.password:
            raise ValueError("must have no user and no password in it: give `user` and `password`")
        return value

    @model_validator(mode="after")
    def _login(self) -> DavSettings:
        if self.password is not None and not self.login:
            raise ValueError("`user` is missing: it goes with the password")
        if self.password is None and "://" not in self.url:
            raise ValueError("`password` is missing")
        return self

    @property
    def login(self) -> str:
        """Who logs in; empty for nobody."""
        return self.user or (self.url if "@" in self.url and "://" not in self.url else "")
