"""What a fact looks like on its way into the file: keys, signals as text, and two copies of one mail as one.

All of it is pure, and independent of DuckDB's own hash functions, which may change with its version.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, get_args

from connectors.base import Handle, Interaction, Party, Role, Signals

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ROLES = {role: n for n, role in enumerate(get_args(Role))}
_DEFAULTS = Signals()
KEPT = "\0"
"""Begins a name that came out of the file, where only its number is kept; no name begins so by itself."""


@lru_cache(maxsize=8192)
def hash63(text: str) -> int:
    """A non-negative 63-bit number for a text, the same on every machine and in every version."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()) >> 1


def key_of(source: str, interaction: Interaction) -> int:
    """What names the event: what the sources agree to call it, or else its source's own name for it."""
    return hash63(interaction.same_as or f"{source}\0{interaction.native_id}")


def name_key(text: str) -> int:
    """The number that stands in the file for the name of a thread or of another interaction.

    The names themselves are not kept: they are as long as all the rest of a row. What comes out of the file again is
    ``KEPT`` and the number.
    """
    if text.startswith(KEPT):
        return int(text[1:])
    # a thread of mail is named by the mail that began it, so its number is that mail's key, which is known already
    return hash63("mid:" + text if text.startswith("<") else text)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC: the one way a time goes into the file."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(micros: int) -> datetime:
    """The time, aware and in UTC, that is so many microseconds after the beginning of 1970."""
    return _EPOCH + micros * _MICROSECOND


@lru_cache(maxsize=4096)
def signals_text(signals: Signals) -> str:
    """Signals as JSON of what is not the default, in a fixed order."""
    said = {f.name: value for f in fields(Signals) if (value := getattr(signals, f.name)) != getattr(_DEFAULTS, f.name)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def signals_from(text: str) -> Signals:
    """What ``signals_text`` wrote; a name that this version does not know is left out."""
    known = {f.name for f in fields(Signals)}
    said: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(text).items() if k in known}
    return Signals(**said)


def says_more(before: Interaction, after: Interaction) -> Interaction | None:
    """``before`` with what a further copy of it, ``after``, adds; None if it adds nothing."""
    both = merged(before, after)
    return None if _flat(both) == _flat(merged(before, before)) else both


def same(a: Interaction, b: Interaction) -> bool:
    """Whether two words on one event are the same."""
    return _flat(a) == _flat(b)


def _flat(i: Interaction) -> tuple[object, ...]:
    names = tuple(name_key(n) if n else None for n in (i.thread, i.answers))
    return (i.happened_at, i.title, names, i.signals, [(p.role, p.handle.key, p.name) for p in i.parties])


def merged(a: Interaction, b: Interaction) -> Interaction:
    """Two copies of one mail as one fact.

    A copy in Sent knows the Bcc, the one that came back from a list knows the list. The result does not depend on which
    came first or how often: ``merged(a, b) == merged(b, a)``, and merging either copy in again changes nothing.
    """
    dated = [x for x in (a, b) if not x.signals.date_from] or [a, b]
    names: dict[tuple[Role, Handle], str | None] = {}
    for party in a.parties + b.parties:
        place = (party.role, party.handle)
        both = sorted(n for n in (names.get(place), party.name) if n)
        names[place] = both[-1] if both else None
    parties = sorted(
        (Party(handle, role, name) for (role, handle), name in names.items()),
        key=lambda p: (_ROLES[p.role], p.handle.kind, p.handle.value),
    )
    return replace(
        a,
        happened_at=min(x.happened_at for x in dated),
        parties=tuple(parties),
        title=_least(a.title, b.title),
        thread=_least_key(a.thread, b.thread),
        answers=_least_key(a.answers, b.answers),
        signals=_both(a.signals, b.signals),
    )


def _least(a: str | None, b: str | None) -> str | None:
    return min(x for x in (a, b) if x) if a or b else None


def _least_key(a: str | None, b: str | None) -> str | None:
    return min((x for x in (a, b) if x), key=name_key) if a or b else None


def _both(a: Signals, b: Signals) -> Signals:
    said: dict[str, Any] = {}
    for f in fields(Signals):
        one, two = getattr(a, f.name), getattr(b, f.name)
        if isinstance(one, tuple):
            said[f.name] = tuple(sorted({*one, *two}))
        elif isinstance(one, bool | int):
            said[f.name] = max(one, two)
        else:
            said[f.name] = _least(one, two)
    # a date that one copy has is the date
    if not (a.date_from and b.date_from):
        said["date_from"] = None
    return Signals(**said)
