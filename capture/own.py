"""Which handles are the user's own: what the configuration names, what looks like theirs, and the configuration with others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from capture.match import canonical
from capture.place import value_of
from connectors.base import Handle
from connectors.folders import role_of
from store import own as stored

if TYPE_CHECKING:
    from capture.config import Config
    from store.duck import Connection


class Proposal(NamedTuple):
    """A handle that may be the user's own, and why."""

    handle: str
    why: str


def proposals(connection: Connection, settings: Config) -> list[Proposal]:
    """Handles that look like the user's and are not named as such: the best reasons first.

    Mail in a folder for sent mail came from them; an account logs in by them; a card with one of the user's has them, too.
    """
    mine = {canonical(handle) for handle in settings.me.handles}
    found: dict[str, Proposal] = {}

    def propose(handle: Handle, why: str) -> None:
        name = canonical(handle)
        if name not in mine:
            found.setdefault(name, Proposal(handle.key, why))

    for kind, value, labels, count in stored.senders_by_folder(connection):
        if any(role_of(label) == "sent" for label in labels):
            propose(Handle(kind, value), f"{count} mails in {', '.join(labels)} came from it")
    for source in settings.sources:
        user = source.settings.get("user")
        if isinstance(user, str) and "@" in user:
            propose(Handle("email", user), f"{source.name} logs in by it")
    for kind, value, name in stored.beside_on_cards(connection, mine):
        propose(Handle(kind, value), f"it is on the card of {name or 'one of your own'}")
    return list(found.values())


def with_handles(text: str, handles: Sequence[str]) -> str:
    """The text of a configuration, in which these are the user's own handles; all else in it stays as it is."""
    written = f"[{', '.join(json.dumps(handle, ensure_ascii=False) for handle in handles)}]"
    here = value_of(text, ("me", "handles"))
    if here is not None:
        return text[: here[0]] + written + text[here[1] :]
    head = value_of(text, ("me",))
    if head is not None and text.startswith("{", head[0]):
        more = "" if text[head[0] + 1 : head[1] - 1].strip() == "" else ","
        return f"{text[: head[0] + 1]} handles = {written}{more}{text[head[0] + 1 :]}"
    if head is not None and text.startswith("[", head[0]):
        end = text.find("\n", head[0])
        end = len(text) if end < 0 else end
        return f"{text[:end]}\nhandles = {written}{text[end:]}"
    return f"me.handles = {written}\n{text}"


def only_handles_differ(before: str, after: str, handles: Sequence[str]) -> bool:
    """Whether these are the user's own handles in the second text of a configuration, and all else is as in the first."""
    import tomllib

    try:
        was, now = tomllib.loads(before), tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    was.setdefault("me", {}).pop("handles", None)
    return bool(now.setdefault("me", {}).pop("handles", None) == list(handles) and was == now)


def changed(now: Iterable[Handle], add: Iterable[Handle], remove: Iterable[Handle]) -> list[Handle]:
    """The handles with some more and without others; each mailbox once."""
    gone = {canonical(handle) for handle in remove}
    found = {canonical(handle): handle for handle in reversed([*now, *add]) if canonical(handle) not in gone}
    return list(reversed(found.values()))
