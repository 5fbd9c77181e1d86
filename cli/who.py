"""Who somebody is: what was captured of them, and what address books say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.context import OK, config, store
from cli.options import Json, JsonLines, Name
from cli.recall import person_of, pick, tell_rivals
from cli.render import EMPTY, ago, bare, day, put_json, put_pairs, span

if TYPE_CHECKING:
    from store.reader import Row


def who(name: Name, json: Json = False, jsonl: JsonLines = False) -> int:
    """Who somebody is: names, addresses, card, when you were in touch."""
    settings = config()
    with store(settings).read() as reader:
        found = pick(reader, " ".join(name))
        person = person_of(reader, settings, found["person_id"])
        cards = reader.cards(found["person_id"]) if person else []
        archived = reader.archived(found["person_id"]) if person else {}
        latest = reader.timeline(found["ids"], 5)
        # a stranger has no row of their own that says when it began and ended
        ends = reader.timeline(found["ids"], None) if person is None else []
    counted = [r["happened_at"] for r in ends if r["verdict"] == "counts"]
    story = (person or {}).get("story") or {}
    row = {
        "person_id": found["person_id"],
        "name": found["name"],
        "handles": found["handles"],
        "archived": archived,
        "names": sorted({*(story.get("names") or []), *(card["name"] for card in cards if card["name"])}),
        "origin": person["origin"] if person else "stranger",
        "tags": person["tags"] if person else [],
        "cadence_days": person["cadence_days"] if person else None,
        "interactions": found["interactions"],
        "first": _aware(story.get("first")) or (ends[-1]["happened_at"] if ends else None),
        "last_contact": person["last_contact"] if person else max(counted, default=None),
        **said(cards),
        "latest": latest,
    }
    if json or jsonl:
        put_json(row, lines=jsonl)
        return OK
    tell_rivals(found)
    last = row["last_contact"]
    put_pairs(
        [
            ("name", row["name"]),
            ("number", row["person_id"] if person else "none: a stranger"),
            ("handles", ", ".join(bare(h for h in row["handles"] if h not in archived))),
            ("formerly", ", ".join(f"{h.split(':', 1)[1]} (until {day(until)[:10]})" for h, until in archived.items())),
            ("also called", ", ".join(n for n in [*row["nicknames"], *row["names"]] if n != row["name"])),
            ("work", ", ".join(text for text in (row["title"], row["organisation"]) if text)),
            ("birthday", row["birthday"]),
            *((one["label"], one["date"]) for one in row["dates"]),
            *((one["label"], one["name"]) for one in row["relations"]),
            ("tags", ", ".join(t + (" (address book)" if t in row["card_tags"] else "") for t in row["tags"])),
            ("cadence", span(row["cadence_days"]) if row["cadence_days"] else ""),
            ("last contact", f"{ago(last)} ({day(last)})" if last else "never"),
            ("known since", day(row["first"]) if row["first"] else ""),
            ("interactions", row["interactions"]),
            ("links", ", ".join(row["links"])),
            ("note", row["note"]),
            ("address book", ", ".join(sorted({card["source"] for card in cards}))),
            *(("latest", f"{day(r['happened_at'])}  {r['title'] or EMPTY}") for r in latest),
        ]
    )
    return OK


def said(cards: list[Row]) -> dict[str, Any]:
    """What somebody's cards say, all of them together; where only one thing can be true, the first card that says any."""

    def first(name: str) -> Any:
        return next((card[name] for card in cards if card[name]), None)

    def every(name: str) -> list[Any]:
        return [each for card in cards for each in card.get(name) or []]

    notes = dict.fromkeys(card["note"] for card in cards if card["note"])
    # a birthday with its year says more than one without
    birthdays = sorted((card["birthday"] for card in cards if card["birthday"]), key=lambda b: b.startswith("-"))
    return {
        "nicknames": sorted(set(every("nicknames"))),
        "organisation": first("organisation"),
        "title": first("title"),
        "birthday": birthdays[0] if birthdays else None,
        "dates": [{"label": label, "date": date} for label, date in dict.fromkeys(map(tuple, every("dates")))],
        "relations": [{"label": label, "name": name} for label, name in dict.fromkeys(map(tuple, every("relations")))],
        "links": list(dict.fromkeys(every("links"))),
        "note": "\n".join(notes) or None,
        "card_tags": sorted({" ".join(tag.split()).lower() for tag in every("tags")}),
        "cards": [{"source": card["source"], "native_id": card["native_id"]} for card in cards],
    }


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
