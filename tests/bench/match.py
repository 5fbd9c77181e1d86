"""How well people are told apart and put together, beside two baselines that need no cleverness, and what data says of weights.

``--corpus FOLDER`` holds a Maildir, ``maildir``, and what is true of it, ``truth.json``: ``owner.addresses``, ``people`` (each
with ``addresses``), ``shared``. ``--gold FILE`` has a JSON object a line, ``{set, name, email, person}``; each becomes one mail
that the user sent. Both may be given several times. ``--splink PYTHON`` is an interpreter that has Splink 5 and DuckDB, in an
environment of its own: then Splink matches the same names and addresses, as a yardstick.

Figures: ``precision`` and ``recall`` over pairs of addresses, ``b3_precision`` and ``b3_recall`` (B-cubed), ``merged`` (people
who hold addresses of two), ``junk`` (share of people who hold no address of anybody's); ``linked`` is what the matcher does by
itself, ``answered`` is that and all suggestions answered rightly; ``asked`` is the share of suggestions that are right.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import comb, log2
from pathlib import Path
from threading import Event
from typing import ClassVar

from pydantic import BaseModel

from capture.decide import suggestions
from capture.evidence import WEIGHTS
from capture.group import Groups
from capture.likeness import named
from capture.link import scored
from capture.match import Me, canonical
from capture.poll import Source, poll
from connectors.base import Cursor, Handle, Interaction, Page, Party, Signals
from connectors.maildir import Maildir, MaildirSettings
from store import log
from store.file import Store
from tests.bench.measure import figure


@dataclass(slots=True)
class World:
    """Mail that can be captured, and who is who in it: canonical address to a person."""

    name: str
    me: Me
    source: Source
    gold: dict[str, str]
    humans: frozenset[str]


class Letters:
    """A connector of letters that are in memory."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, letters: list[Interaction]) -> None:
        self.letters = letters

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, once."""
        if cursor is None:
            for n in range(0, len(self.letters), 500):
                yield Page(tuple(self.letters[n : n + 500]), {"said": n})


def corpus(folder: Path) -> World:
    """The Maildir of a folder, and its truth."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    me = Me(Handle("email", address) for address in truth["owner"]["addresses"])
    shared = {_canonical(address) for address in truth["shared"]}
    of = {
        _canonical(said["addr"]): person for person, each in truth["people"].items() for said in each["addresses"]
    }
    gold = {address: person for address, person in of.items() if address not in shared | me.canonicals}
    connector = Maildir(MaildirSettings(path=folder / "maildir"))
    return World(folder.name, me, Source("mail", "maildir", connector), gold, frozenset(of) | shared)


def golds(path: Path) -> Iterator[World]:
    """Each set of records of a file: one letter from the user to each of them."""
    me = Handle("email", "me@owner.example")
    by_set: dict[str, list[dict[str, str | None]]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("email") and "@" in record["email"]:
            by_set[record["set"]].append(record)
    for name, records in by_set.items():
        letters, people = [], defaultdict(set)
        for n, record in enumerate(records):
            handle = Handle("email", str(record["email"]))
            people[canonical(handle)].add(str(record["person"]))
            letters.append(
                Interaction(
                    f"{n}@owner.example",
                    "mail",
                    datetime.now(UTC) - timedelta(days=2, hours=n),
                    (Party(me, "from"), Party(handle, "to", record["name"])),
                    same_as=f"mid:{n}@owner.example",
                    thread=f"mid:{n}@owner.example",
                    signals=Signals(recipients=1),
                )
            )
        gold = {address: next(iter(who)) for address, who in people.items() if len(who) == 1}
        yield World(name, Me([me]), Source("mail", "letters", Letters(letters)), gold, frozenset(people))


def measure(world: World, splink: str | None, weights: dict[str, list[int]]) -> None:
    """Prints the figures of one world, and adds to what is known of each feature."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "kith.duckdb")
        poll(world.source, store, world.me, Event())
        with store.read() as reader:
            owner = log.owners(reader.connection)
            asked = suggestions(reader.connection)
            pairs = scored(reader.connection)
            names: dict[str, set[str]] = defaultdict(set)
            for handle, name in reader.connection.execute(
                """SELECT h.canonical, p.name FROM party p JOIN handle h ON h.id = p.handle_id
                   JOIN interaction i ON i.id = p.interaction_id AND i.verdict <> 'noise' WHERE p.name IS NOT NULL"""
            ).fetchall():
                names[handle].add(name)
    gold = {handle: person for handle, person in world.gold.items() if handle in owner}
    mine = {handle: str(owner[handle]) for handle in gold}
    _print(world.name, "exact address", gold, {handle: handle for handle in gold})
    _print(world.name, "exact address and name", gold, _by_name(gold, names))
    _print(world.name, "linked", gold, mine)
    right = [each for each in asked if each.scored.a in gold and each.scored.b in gold]
    good = [each for each in right if gold[each.scored.a] == gold[each.scored.b]]
    groups = Groups(mine.values())
    for each in good:
        groups.join(str(each.a), str(each.b))
    _print(world.name, "answered", gold, {handle: groups.of(person) for handle, person in mine.items()})
    figure(f"{world.name}, suggestions", len(asked))
    figure(f"{world.name}, asked rightly", len(good) / max(1, len(right)))
    holders: dict[int, set[str]] = defaultdict(set)
    for handle, person in owner.items():
        if handle.startswith("email:"):
            holders[person].add(handle)
    figure(f"{world.name}, junk", sum(world.humans.isdisjoint(held) for held in holders.values()) / max(1, len(holders)))
    for pair in pairs:
        if pair.a in gold and pair.b in gold:
            for feature in {*pair.features, "any"}:
                weights[feature][gold[pair.a] != gold[pair.b]] += 1
    if splink:
        _print(world.name, "Splink", gold, _by_splink(splink, gold, names))


def _print(world: str, how: str, gold: Mapping[str, str], found: Mapping[str, str]) -> None:
    by_person: dict[str, set[str]] = defaultdict(set)
    by_found: dict[str, set[str]] = defaultdict(set)
    for handle, person in gold.items():
        by_person[person].add(handle)
        by_found[found[handle]].add(handle)
    both = sum(comb(n, 2) for n in Counter((gold[h], found[h]) for h in gold).values())
    said = sum(comb(len(held), 2) for held in by_found.values())
    true = sum(comb(len(held), 2) for held in by_person.values())
    same = {h: len(by_found[found[h]] & by_person[gold[h]]) for h in gold}
    figures = {
        "precision": both / said if said else 1.0,
        "recall": both / true if true else 1.0,
        "b3_precision": sum(n / len(by_found[found[h]]) for h, n in same.items()) / max(1, len(gold)),
        "b3_recall": sum(n / len(by_person[gold[h]]) for h, n in same.items()) / max(1, len(gold)),
        "merged": float(sum(len({gold[h] for h in held}) > 1 for held in by_found.values())),
    }
    for name, value in figures.items():
        figure(f"{world}, {how}, {name}", value)


def _by_name(gold: Iterable[str], names: Mapping[str, set[str]]) -> dict[str, str]:
    groups = Groups(gold)
    for handle in gold:
        for name in names.get(handle, ()):
            groups.join(handle, f"name {' '.join(name.lower().split())}")
    return {handle: groups.of(handle) for handle in gold}


_SPLINK = """
import json, sys
import pyarrow
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
database = DuckDBAPI()
records = database.register(pyarrow.Table.from_pylist(json.load(sys.stdin)))
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
                 cl.JaroWinklerAtThresholds("local", [0.9, 0.7]), cl.ExactMatch("domain")],
    blocking_rules_to_generate_predictions=[block_on("name"), block_on("local"), block_on("family")],
)
linker = Linker(records, settings)
linker.training.estimate_probability_two_random_records_match([block_on("name")], recall=0.7)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
for rule in (block_on("local"), block_on("name")):
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    except Exception as error:
        print(error, file=sys.stderr)
pairs = linker.inference.predict(threshold_match_probability=0.95)
clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95).as_record_list()
json.dump({row["unique_id"]: str(row["cluster_id"]) for row in clusters}, sys.stdout)
"""


def _by_splink(python: str, gold: Iterable[str], names: Mapping[str, set[str]]) -> dict[str, str]:
    records = []
    for handle in gold:
        local, _, domain = handle.partition(":")[2].rpartition("@")
        name = min((" ".join(n.lower().split()) for n in names.get(handle, ()) if named(n)), default=None)
        family = name.rpartition(" ")[2] if name else None
        records.append({"unique_id": handle, "name": name, "family": family, "local": local, "domain": domain})
    run = subprocess.run([python, "-c", _SPLINK], input=json.dumps(records), capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stderr[-2000:], file=sys.stderr)
        return {handle: handle for handle in gold}
    found: dict[str, str] = json.loads(run.stdout[run.stdout.index("{") :])
    return {handle: found.get(handle, handle) for handle in gold}


def _canonical(address: str) -> str:
    return canonical(Handle("email", address))


def main() -> None:
    """The figures of all worlds, and after them each feature: pairs of one person, of two, the bits it would give, and has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--gold", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--splink", metavar="PYTHON")
    said = parser.parse_args()
    weights: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for folder in said.corpus:
        measure(corpus(folder), said.splink, weights)
    for path in said.gold:
        for world in golds(path):
            measure(world, said.splink, weights)
    one, two = weights.pop("any", [0, 0])
    print(f"candidates: {one} of one person, {two} of two, {_bits(one, two):+.1f} bits")
    for feature in WEIGHTS:
        same, other = weights.get(feature, [0, 0])
        if same or other:
            bits = _bits(same, other) - _bits(one, two)
            seen = f"{same} of one person, {other} of two, {bits:+.1f} bits beside a candidate"
            print(f"{feature}: {seen}; has {WEIGHTS[feature]:+.1f}")


def _bits(same: int, other: int) -> float:
    return log2((same + 0.5) / (other + 0.5))


if __name__ == "__main__":
    main()
