"""The only code that knows DuckDB: one file, opened late, held briefly, closed early.

DuckDB lets one process write or several read, and a reader cannot open the file while a writer holds it. So nobody
keeps it open: a daemon that captures and a command that recalls each open it for one thing, and try again for a while
when it is busy. No network, no pager and no question to the user ever happens while it is open. A capture of many pages
may keep it from one page to the next, but for four seconds at the most and only while nobody wants it (``gate``).

Three kinds of rows never mix. Facts are what sources said; only their source may replace or withdraw them. Decisions
are what the user or the matcher decided; they are only ever added. Beliefs follow from the two and can be thrown away
and made again. One page of facts, the beliefs that follow from it and the cursor after it are one transaction:
whatever is killed and whenever, the cursor never stands past what was kept.

The SQL is plain: no sequences, no foreign keys, no unique indexes, no ON CONFLICT. Rows are compared with what is
there by joins, and ids are counted under the lock that the writer has anyway.

Rejected: a server process that owns the file, and a protocol between it and the commands. It makes reading a few
milliseconds faster, and costs a second program that has to run, a protocol with versions, and a twin of every query.
Rejected, too: SQLite for the rows with DuckDB to ask them. Two files can be restored from two different days.
"""
