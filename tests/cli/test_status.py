"""``kith status`` in one screen, as people read it."""

from __future__ import annotations

from tests.cli.running import Kith, until
from tests.cli.sources import ME, SLOW, source, write


def test_what_is_still_to_come_is_shown_until_it_is_there(kith: Kith) -> None:
    write(kith, "slow", SLOW)
    kith.configure(ME + source("slow", "slow:Slow", path=str(kith.place / "asked")))
    syncing = kith.start("sync", SLEEP="0.3")
    until(lambda: kith("status", "--json").json["interactions"] > 0)
    (row,) = kith("status", "--json").json["sources"]
    assert row["backlog"] == 40 - row["captured"] > 0
    assert "to come" in kith.on_terminal("status", columns=120).out
    syncing.kill()
    syncing.wait()
    (row,) = kith("status", "--json").json["sources"]
    assert row["backlog"] == 40 - row["captured"] > 0
    assert kith("sync").code == 0
    (row,) = kith("status", "--json").json["sources"]
    assert (row["backlog"], row["captured"]) == (None, 40)
    assert "to come" not in kith.on_terminal("status", columns=120).out
