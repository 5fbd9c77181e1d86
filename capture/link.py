"""Which handles the matcher links by itself: only where the evidence is strong, and nothing speaks against it.

One rule so far: mail that the user sent to one address is answered from another, under the full name of whom it was sent to.
A display name alone never links. An address that was ever seen under two full names is shared, by a family or an office,
and is linked to nobody. Every link is a decision in the log, with its evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from capture.match import Me
from capture.names import full_name
from capture.robots import is_role
from capture.settle import regroup
from store import relate
from store.relate import Link, Reply
from store.writer import Tx


def links(replies: Iterable[Reply], names: Mapping[str, Sequence[str]]) -> list[Link]:
    """The links that these replies are evidence for. ``names``: every name that each canonical handle was written with.

    Against a link: another full name at either handle, a second recipient of the mail by that name, a role address.
    """
    called = {handle: {full_name(n) for n in known} - {""} for handle, known in names.items()}
    by_reply: dict[tuple[int, int, str], list[Reply]] = defaultdict(list)
    for reply in replies:
        by_reply[reply.answer, reply.mail, reply.by].append(reply)
    found: dict[tuple[str, str], Link] = {}
    for (answer, mail, by), asked in by_reply.items():
        name = full_name(asked[0].by_name)
        same = [r for r in asked if name and name in {full_name(n) for n in r.to_names}]
        if len(same) != 1:
            continue
        to = same[0].to
        if any(called.get(handle) != {name} or is_role(handle) for handle in (to, by)):
            continue
        evidence = {"rule": "reply", "name": asked[0].by_name, "mail": mail, "answer": answer}
        found.setdefault((to, by), Link(to, by, evidence))
    return list(found.values())


def relate_news(tx: Tx, me: Me) -> int:
    """What came since the last time has been looked at for evidence; returns how many links were made."""
    connection = tx.connection
    first, last = relate.news(connection)
    if last < first:
        return 0
    replies = relate.replies_from_elsewhere(connection, first)
    made = links(replies, relate.names_of(connection, [h for r in replies for h in (r.to, r.by)])) if replies else []
    made = relate.link(connection, made)
    if made:
        regroup(tx, [handle for each in made for handle in (each.a, each.b)], (), me)
    relate.seen(connection, last)
    return len(made)
