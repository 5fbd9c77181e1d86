"""The engine: from what sources say to what is believed, one page at a time.

``config`` says which sources there are and who the user is. ``poll`` goes through one source: it pulls a page with
the database closed, then opens it, records the page and advances the cursor in one transaction. ``match`` decides who
is somebody, ``judge`` decides what counts as contact; both are pure functions that touch neither network nor
database, so that a changed rule can be replayed over all history without fetching a byte, and every answer can say
why.

A long pull runs in a process of its own (``apart``): parsing and committing would take turns at the interpreter's one lock.
Handles whose names or addresses are alike (``names``, ``likeness``, ``letters``, ``nicknames``, ``profile``) are compared, what
speaks for and against them is weighed in one place (``evidence``, pure), and where it is enough they are linked (``link``), by
a decision in the log that is taken back when its evidence goes. What is not enough is a suggestion. Who is one person follows
from what the user said (``decide``), from cards and from links (``group``, pure); when one of them changes or goes, those whom
it may touch are worked out anew (``settle``), and nobody else. ``rules`` are the user's own, ``learn`` is what they do.

``kith run`` (``daemon``) has a thread for each source (``runner``), which polls and waits for news; one more plans for them by
a ``pace`` each, and minds signals, clocks that jump and files that change.

There are no more connections to one account at a time than may be, over all processes: a pull has a seat (``seats``), and what
is watched leaves one to the others.

A pull may be abandoned after any page. That one property is safety against crashes, a quick shutdown, fairness
between accounts, and ``kith sync`` beside a daemon.

Rejected: to drop what does not count (newsletters, robots) as it arrives. The rules will be wrong somewhere, and what
was never kept cannot be judged again; it is one small row each, and out of sight. Rejected, too: a configuration in
pydantic from top to bottom. It takes 70 ms to import, on the way of every command; what only a connector knows is
checked by its own model, when that connector is made.
"""
