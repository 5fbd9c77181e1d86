"""From what is configured to what can be pulled: a source whose connector cannot be made fails alone."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from capture.config import SourceConfig
from capture.poll import Source
from connectors.base import Connector, NeedsHuman


class Unusable:
    """Stands in for a connector that cannot be made: to be asked is to be told why."""

    Settings: ClassVar[Any] = None

    def __init__(self, error: Exception, kind: str) -> None:
        self.error = error
        hint = getattr(error, "hint", None)
        if isinstance(hint, str) and hint:
            where, what = getattr(error, "where", None), getattr(error, "what", str(error))
            self.what, self.hint = f"{where}: {what}" if where else what, hint
        else:
            self.what = f"the connector {kind!r} cannot be made: {type(error).__name__}: {error}"
            self.hint = "kith --debug sync shows where"

    def pull(self, cursor: object) -> NoReturn:
        """NeedsHuman."""
        raise NeedsHuman(self.what, self.hint)


class Elsewhere:
    """Stands in for a connector that is made, and asked, by a process of its own alone."""

    Settings: ClassVar[Any] = None

    def pull(self, cursor: object) -> NoReturn:
        """Not here."""
        raise TypeError("this connector is asked by another process")


def ready(one: SourceConfig, apart: bool = False) -> Source:
    """The source with its connector; with ``apart`` this process does not even import that."""
    if apart:
        return Source(one.name, one.type, Elsewhere(), one, apart=True)
    made: Connector
    try:
        made = one.connector()
    except Exception as error:
        return Source(one.name, one.type, Unusable(error, one.type))
    return Source(one.name, one.type, made, one)
