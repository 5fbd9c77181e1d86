"""One configured source: from what is written in the configuration to its connector."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from capture.place import ConfigError, Keys, Place, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from connectors.base import Connector

    ConnectorClass = type[Connector]
    Model = type[BaseModel]

BUDGET = 500e6
"""Bytes that may come on one day from a server where nothing is said about it. Gmail's own limit is 2,500 MB."""

CONNECTIONS = 2
"""Connections at a time to one account where nothing is said about it. Gmail's own limit is 15, others' are lower."""

OURS = ("every", "budget", "connections")
"""Settings that any source may have, and that are not its connector's business."""

EVERY = 120.0
"""Seconds between two polls of a source that says nothing about it."""


@dataclass(frozen=True)
class SourceConfig:
    """One ``[[source]]``. ``every`` is in seconds; ``settings`` is what is the connector's business, as written."""

    name: str
    type: str
    every: float = EVERY
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    line: int = 0
    place: Place | None = field(default=None, repr=False, compare=False)
    budget: float | None = None
    """Bytes that may come on one day; None where nothing is said, and infinite for no limit."""
    connections: int | None = None
    """Connections at a time to its account, by whichever source of that account it was said; None where by none."""
    usual: dict[str, str] = field(default_factory=dict)
    """Settings that the user has for all sources: where a connector knows one and the source does not give it."""

    @property
    def host(self) -> str | None:
        """The host that the settings name, or the domain in which one is ``sought``; None where they name neither."""
        host, url = self.settings.get("host"), self.settings.get("url")
        if isinstance(host, str):
            return host
        if not isinstance(url, str):
            return None
        if self.sought:
            return url.rpartition("@")[2] or None
        from urllib.parse import urlsplit

        try:
            return urlsplit(url).hostname
        except ValueError:
            return None

    @property
    def sought(self) -> bool:
        """Whether an address or a domain is all that is given, and its DNS is asked who has what is to be read (RFC 6764)."""
        url = self.settings.get("url")
        return not isinstance(self.settings.get("host"), str) and isinstance(url, str) and "://" not in url

    @property
    def most(self) -> float:
        """Bytes that may come on one day: the ``budget``, or BUDGET, but as many as there are from this machine."""
        if self.budget is not None:
            return self.budget
        from connectors.remote import is_loopback

        return math.inf if self.host is None or is_loopback(self.host) else BUDGET

    @property
    def account(self) -> tuple[str, str] | None:
        """Host and user, written in one way; None where there is no such thing."""
        user = self.settings.get("user") or (self.settings.get("url") if self.sought else None)
        if not self.host or not isinstance(user, str):
            return None
        return self.host.lower().rstrip("."), user.casefold()

    @property
    def seats(self) -> int | None:
        """Connections at a time to its account: ``connections``, or CONNECTIONS; None, for as many as it likes, where there is
        no account, and on this machine."""
        if self.account is None or self.connections is not None:
            return self.connections if self.account else None
        from connectors.remote import is_loopback

        return None if self.host is None or is_loopback(self.host) else CONNECTIONS

    def connector(self) -> Connector:
        """The connector of this source, made with its checked settings; nothing is connected yet.

        Raises ConfigError where the type is unknown or a setting is unknown, missing or wrong.
        """
        found = self._class()
        return found(self._checked(found.Settings))

    def check(self) -> None:
        """Nothing, if ``connector`` would give one; else the same ConfigError."""
        self._checked(self._class().Settings)

    def check_type(self) -> None:
        """Nothing, if there may be such a type, as far as can be told without importing anything; else ConfigError."""
        from connectors.registry import UnknownType, place_of

        try:
            place_of(self.type)
        except UnknownType as unknown:
            raise self._error("type", unknown.what, unknown.hint) from unknown

    def _class(self) -> ConnectorClass:
        from connectors.registry import UnknownType, find

        try:
            return find(self.type, beside=self.place.path.parent if self.place else None)
        except UnknownType as unknown:
            raise self._error("type", unknown.what, unknown.hint) from unknown

    def _checked(self, model: Model) -> BaseModel:
        from pydantic import ValidationError

        # Not left to the model alone: a connector of one's own that forgets to forbid what it does not know would
        # swallow a mistyped key, and the user would never learn why it has no effect.
        if model.model_config.get("extra") != "allow":
            known = {f.alias or name for name, f in model.model_fields.items()} | set(model.model_fields)
            for key in self.settings:
                if key not in known:
                    hint = nearest(key, {*known, *OURS}) or f"known to {self.type}: {', '.join(sorted(known))}"
                    raise self._error(key, f"{key!r} is no setting of type {self.type!r}", hint)
        try:
            usual = {key: value for key, value in self.usual.items() if key in model.model_fields}
            return model.model_validate({**usual, **self.settings})
        except ValidationError as wrong:
            # Cut off: a ValidationError prints what was written, and that may be a password.
            raise self._wrong(wrong) from None

    def _wrong(self, wrong: ValidationError) -> ConfigError:
        first = wrong.errors(include_url=False, include_input=False)[0]
        keys = first["loc"]
        name = ".".join(str(key) for key in keys) or self.name
        if first["type"] == "missing":
            return self._error(keys[:-1], f"source {self.name!r} has no {name}", f"add a line: {name} = …")
        if first["type"] == "extra_forbidden":
            return self._error(keys, f"{name!r} is no setting of type {self.type!r}", "take it out, or mend its name")
        what = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        hint = str(first.get("ctx", {}).get("hint") or f"mend {name}; config.example.toml shows every setting")
        return self._error(keys, f"{name}: {what[:1].lower()}{what[1:]}", hint)

    def _error(self, keys: str | Keys, what: str, hint: str) -> ConfigError:
        keys = (keys,) if isinstance(keys, str) else keys
        return self.place.at(*keys).error(what, hint) if self.place else ConfigError(what, hint)
