"""Events that several calendars hold: each one's word is kept, and the fact is what they say together.

Mail is the same wherever it lies, so its copies complete each other and stay merged. An event is not: it is moved in one
calendar and not yet in the other, or accepted in one account alone. So where there is more than one word on an event, the
table ``word`` has each, and a source that changes or withdraws its own leaves the event as the others say it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from connectors.base import Handle, Interaction, Party
from store import relate
from store.duck import Connection
from store.facts import KEPT, merged, micros, moment_of, name_key, same, signals_from, signals_text
from store.load import Kept, interactions_by_id
from store.page import Withdrawn
from store.rows import NUMBERS, as_rows, delete, given, insert, listed

Name = tuple[str, str]
"""A source, and its native id for something."""

_ANSWERS = {answer: n for n, answer in enumerate(("accepted", "declined", "tentative", "delegated", "needs-action"))}
"""Which answer stands where calendars differ: one that was given before one that was not, and yes before no."""


@dataclass(slots=True)
class Sighted:
    """How the names change by which sources know what: (interaction id, source, native id) each."""

    also: list[tuple[int, str, str]] = field(default_factory=list)
    """New names beside the first one."""
    dropped: list[tuple[int, str, str]] = field(default_factory=list)
    """Names that are none any more."""
    homes: list[tuple[int, str, str]] = field(default_factory=list)
    """Those whose first name has gone, and the name that takes its place."""
    words: dict[int, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Interactions whose words change, to (source, native id, word) of all that there are now."""
    lost: list[int] = field(default_factory=list)
    """Those that no source knows any more."""


@dataclass(slots=True)
class Event:
    """What the file is to say of one event: ``fact``; ``before`` is what it says so far, None if it is new."""

    id: int
    key: int
    fact: Interaction
    before: Kept | None = None


def together(words: Mapping[Name, Interaction]) -> Interaction:
    """One event as all its words say it, whatever their order: time and title from the fullest, everybody who is in any."""
    if len(words) == 1:
        return next(iter(words.values()))
    ordered = sorted(words.values(), key=_weight)
    full, both = ordered[0], reduce(merged, ordered)
    said = [word.signals for word in ordered]
    answers: dict[str, str] = {}
    for each in (entry for signals in said for entry in signals.partstats):
        who, _, answer = each.rpartition(" ")
        answers[who] = _stronger(answers.get(who), answer) or answer
    partstat = reduce(_stronger, (signals.partstat for signals in said))
    stats = tuple(sorted(f"{who} {answer}" for who, answer in answers.items()))
    return replace(
        both,
        native_id=full.native_id,
        happened_at=full.happened_at,
        title=full.title or both.title,
        signals=replace(both.signals, partstat=partstat, partstats=stats),
    )


def _weight(word: Interaction) -> tuple[object, ...]:
    return (-len(word.parties), word.happened_at, word.title or "", _text(word))


def _stronger(a: str | None, b: str | None) -> str | None:
    return min((x for x in (a, b) if x), key=lambda x: (_ANSWERS.get(x, len(_ANSWERS)), x), default=None)


def sift(
    connection: Connection,
    source: str,
    said: Mapping[int, Mapping[str, Interaction]],
    withdrawn: Withdrawn,
    free: int,
    names: Sighted,
) -> tuple[list[Event], list[Kept]]:
    """What changes because the source says these events (by their keys, and its names for each) and withdraws others.

    Returns events that are new (with ids from ``free`` on) or other than before, and those that are gone; ``names`` has what
    changes of the names, and what the source's mail, which is in there already, is called is not withdrawn either.
    """
    changed: list[Event] = []
    leaving: list[Kept] = []
    mail: dict[int, set[Name]] = {}
    for row_id, *name in names.also:
        mail.setdefault(row_id, set()).add((name[0], name[1]))
    gone: dict[int, set[Name]] = {}
    spoken = {native for by_name in said.values() for native in by_name}
    spoken.update(native for by_id in mail.values() for _, native in by_id)
    for table, number in (("interaction", "id"), ("also_seen", "interaction_id")):
        for native, row_id in withdrawn.rows(connection, table, source, f"native_id, {number}"):
            if native not in spoken:
                gone.setdefault(row_id, set()).add((source, native))
    rows = connection.execute(
        f"""SELECT id, key, source, native_id FROM interaction WHERE key IN {NUMBERS}
            UNION SELECT id, key, source, native_id FROM interaction WHERE id IN {NUMBERS} ORDER BY id""",
        [listed(said), listed(gone)],
    ).fetchall()
    ids = [row[0] for row in rows]
    stored = interactions_by_id(connection, ids) if ids else {}
    others = _others(connection, ids)
    words = _words(connection, stored)
    for row_id, key, home_source, home_native in rows:
        kept = stored[row_id]
        home = (home_source, home_native)
        before = {home, *others.get(row_id, ())}
        mine = {(source, native): word for native, word in said.get(key, {}).items()}
        told = mail.get(row_id, set())
        left = (before - gone.get(row_id, set())) | mine.keys() | told
        if not left:
            names.lost.append(row_id)
            leaving.append(kept)
            continue
        first = home if home in left else min(left)
        if first != home:
            names.homes.append((row_id, *first))
        if first in told:
            names.also.remove((row_id, *first))
        names.also += ((row_id, *name) for name in sorted(left - before - told - {first}))
        names.dropped += ((row_id, *name) for name in sorted(others.get(row_id, set()) - (left - {first})))
        if kept.interaction.kind == "mail":
            continue
        known = words.get(row_id, {})
        now = {name: mine.get(name) or known.get(name) or kept.interaction for name in left}
        _put_words(names, row_id, known, now)
        fact = together(now)
        if not same(kept.interaction, fact):
            changed.append(Event(row_id, key, replace(fact, native_id=first[1]), kept))
    known_keys = {row[1] for row in rows}
    for key in [key for key in said if key not in known_keys]:
        now = {(source, native): word for native, word in said[key].items()}
        first = min(now)
        names.also += ((free, *name) for name in sorted(now.keys() - {first}))
        _put_words(names, free, {}, now)
        changed.append(Event(free, key, replace(together(now), native_id=first[1])))
        free += 1
    return changed, leaving


def record(connection: Connection, names: Sighted) -> None:
    """The names and words are in the file, and what no source knows any more is not."""
    if names.dropped:
        connection.execute(
            f"""DELETE FROM also_seen WHERE EXISTS
                  (SELECT 1 FROM ({given("id BIGINT, source VARCHAR, native_id VARCHAR")}) d
                   WHERE d.id = interaction_id AND d.source = also_seen.source AND d.native_id = also_seen.native_id)""",
            as_rows(names.dropped),
        )
    if names.homes:
        connection.execute(
            f"""UPDATE interaction SET source = h.source, native_id = h.native_id
                FROM ({given("id BIGINT, source VARCHAR, native_id VARCHAR")}) h WHERE interaction.id = h.id""",
            as_rows(names.homes),
        )
    if names.lost:
        for table, column in (("party", "interaction_id"), ("also_seen", "interaction_id"), ("interaction", "id")):
            delete(connection, table, column, names.lost)
        relate.ids_are_free(connection)
    if names.words or names.lost:
        delete(connection, "word", "interaction_id", [*names.words, *names.lost])
    rows = [(row_id, *word) for row_id, all_of_them in names.words.items() for word in all_of_them]
    insert(connection, "word", "interaction_id BIGINT, source VARCHAR, native_id VARCHAR, said VARCHAR", rows)
    insert(
        connection,
        "also_seen",
        "interaction_id BIGINT, source VARCHAR, native_id VARCHAR",
        sorted(set(names.also)),
        unless=("interaction_id", "source", "native_id"),
    )


def _put_words(names: Sighted, row_id: int, known: Mapping[Name, Interaction], now: Mapping[Name, Interaction]) -> None:
    """Notes the words, if there are several, or were, and they are other ones than before."""
    if not known and len(now) == 1:
        return
    wanted = {name: _text(word) for name, word in now.items()} if len(now) > 1 else {}
    if wanted != {name: _text(word) for name, word in known.items()}:
        names.words[row_id] = [(*name, text) for name, text in sorted(wanted.items())]


def _others(connection: Connection, ids: Sequence[int]) -> dict[int, set[Name]]:
    rows = connection.execute(
        f"SELECT interaction_id, source, native_id FROM also_seen WHERE interaction_id IN {NUMBERS}", [listed(ids)]
    ).fetchall()
    found: dict[int, set[Name]] = {}
    for row_id, source, native in rows:
        found.setdefault(row_id, set()).add((source, native))
    return found


def _words(connection: Connection, stored: Mapping[int, Kept]) -> dict[int, dict[Name, Interaction]]:
    rows = connection.execute(
        f"SELECT interaction_id, source, native_id, said FROM word WHERE interaction_id IN {NUMBERS}", [listed(stored)]
    ).fetchall()
    found: dict[int, dict[Name, Interaction]] = {}
    for row_id, source, native, text in rows:
        found.setdefault(row_id, {})[source, native] = _from_text(text, stored[row_id].interaction)
    return found


def _text(word: Interaction) -> str:
    said = [
        micros(word.happened_at),
        word.title,
        *(name_key(name) if name else None for name in (word.thread, word.answers)),
        [[p.handle.kind, p.handle.value, p.role, p.name] for p in word.parties],
        signals_text(word.signals),
    ]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _from_text(text: str, like: Interaction) -> Interaction:
    moment, title, thread, answers, parties, signals = json.loads(text)
    return replace(
        like,
        happened_at=moment_of(moment),
        title=title,
        thread=None if thread is None else f"{KEPT}{thread}",
        answers=None if answers is None else f"{KEPT}{answers}",
        parties=tuple(Party(Handle(kind, value), role, name) for kind, value, role, name in parties),
        signals=signals_from(signals),
    )
