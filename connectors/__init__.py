"""What the world says: one source kind a file, and the words in which it is said.

``base`` defines the words (handle, interaction, party, card, page, cursor) and the contract: a connector has one
method, ``pull(cursor)``, which yields pages of observations, each with the cursor that goes on after it. ``registry``
finds a connector by its type, ``secret`` fetches passwords, and ``contract`` is the suite that every connector, ours
or yours, inherits to show that it keeps the promises.

A connector knows nothing of people, verdicts or the database: it says what stood in the source, and the layers above
make something of it. It never changes anything there. What goes wrong is one of three things: an item that cannot be
understood is an ``Unreadable`` among the observations, a source that will be well again by itself raises
``TryLater``, and one that needs somebody to do something raises ``NeedsHuman`` with the thing to do.

A file that talks to a server has two halves: a class that talks, and pure functions from bytes to values that raise
nothing, so that the second half is tested with one-liners and random bytes.

Rejected: a wider contract, with ``connect``, ``check``, ``discover`` and ``close``. Every method more is a state more
that a connector can be in, and all of them came out as something that ``pull`` does anyway. Rejected, too: a cursor
of time ("everything since"), which loses what arrives late and says twice what arrives in the same second.
"""
