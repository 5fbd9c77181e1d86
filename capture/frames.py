"""Pages as bytes, from the process that pulls them to the one that commits them.

Pickle would spend more on a mail's dataclasses than parsing them has cost. A frame is ``marshal`` of plain tuples instead: the
parties and signals of a page once each, and the interactions as rows that point to them. Both ends are the same program.
"""

from __future__ import annotations

import json
import marshal
import pickle
from typing import Any

from connectors.base import Handle, Interaction, Observation, Page, Party
from store.facts import micros, moment_of, signals_from, signals_text


def encode(page: Page) -> bytes:
    """A page as bytes."""
    parties: list[tuple[Any, ...]] = []
    signals: dict[str, int] = {}
    places: dict[int, int] = {}  # of parties and signals, each by its identity, which holds as long as the page does
    rows: list[tuple[Any, ...]] = []
    others: list[Observation] = []
    for seen in page.observations:
        if not isinstance(seen, Interaction):
            others.append(seen)
            continue
        refs = []
        for party in seen.parties:
            # parsers use one object for one text
            place = places.get(id(party))
            if place is None:
                place = places[id(party)] = len(parties)
                parties.append((party.handle.kind, party.handle.value, party.role, party.name))
            refs.append(place)
        said = places.get(id(seen.signals))
        if said is None:
            said = places[id(seen.signals)] = signals.setdefault(signals_text(seen.signals), len(signals))
        same_as = True if seen.same_as == f"mid:{seen.native_id}" else seen.same_as
        rows.append(
            (seen.native_id, seen.kind, micros(seen.happened_at), refs, same_as, seen.title, seen.thread, seen.answers, said)
        )
    rest = pickle.dumps(others) if others else b""
    return marshal.dumps((parties, list(signals), rows, rest, json.dumps(page.cursor), page.left))


class Decoder:
    """Frames as pages again; remembers parties from one page to the next."""

    def __init__(self) -> None:
        self._parties: dict[tuple[Any, ...], Party] = {}

    def page(self, frame: bytes) -> Page:
        """The page that was encoded."""
        parties, signals, rows, rest, cursor, left = marshal.loads(frame)
        if len(self._parties) > 20_000:
            self._parties.clear()
        people = [self._parties.get(p) or self._party(p) for p in parties]
        said = [signals_from(text) for text in signals]
        observations: list[Observation] = [
            Interaction(
                native_id,
                kind,
                moment_of(moment),
                tuple([people[n] for n in refs]),
                f"mid:{native_id}" if same_as is True else same_as,
                title,
                thread,
                answers,
                said[n],
            )
            for native_id, kind, moment, refs, same_as, title, thread, answers, n in rows
        ]
        if rest:
            observations += pickle.loads(rest)
        return Page(tuple(observations), json.loads(cursor), left)

    def _party(self, said: tuple[Any, ...]) -> Party:
        kind, value, role, name = said
        made = self._parties[said] = Party(Handle(kind, value), role, name)
        return made
