"""What people type: one module for a group of commands, and one for how things look.

``main`` holds the table of commands and finds the one that was asked for; nothing else is imported before that is
known, because a command that only recalls should have answered before a library that it does not need would have been
loaded. ``options`` are the words in which a command says what may be written after it; ``quick`` reads a plain line by
them, and ``full`` hands every other one to typer. A command asks the layers below, and hands the rows to ``render``. It
decides nothing.

Everything that reads has ``--json``, whose fields are a contract. Into a pipe goes no colour, no drawn line, no
progress and no pager. What a stranger wrote (names, subjects) is shown without the control characters in it. An error
is one sentence of what is wrong and one of what to do, and an exit code that a script can tell apart; a traceback is
for ``--debug``.

Rejected: a command line that talks to the daemon. It would need the daemon to run in order to look at one's own file,
and a second way to do everything for when it does not.
"""
