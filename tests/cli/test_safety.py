"""Backups, putting one back, and looking whether all is well, as people do it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Kith
from tests.cli.sources import ME, SLOW, source, write


@pytest.fixture
def captured(kith: Kith) -> Kith:
    """Forty letters from Alice were read."""
    write(kith, "slow", SLOW)
    kith.configure(ME + source("slow", "slow:Slow", path=str(kith.place / "asked")))
    assert kith("sync").code == 0
    return kith


def test_a_backup_is_a_new_file_in_a_folder_of_its_own_or_where_one_says(captured: Kith, tmp_path: Path) -> None:
    done = captured("backup")
    assert (done.code, done.err) == (0, "")
    (made,) = (captured.data / "backups").iterdir()
    assert done.out.startswith(f"{made}: 40 interactions")
    told = captured("backup", str(tmp_path / "mine.duckdb"), "--json").json
    assert told["file"] == str(tmp_path / "mine.duckdb")
    assert told["rows"]["interaction"] == 40
    again = captured("backup", str(tmp_path / "mine.duckdb"))
    assert again.code == 74
    assert "there already" in again.err


def test_a_database_that_was_lost_is_restored_and_looked_at(captured: Kith) -> None:
    kept = captured("backup", "--json").json["file"]
    captured.data.joinpath("kith.duckdb").write_bytes(b"rotten" * 5000)
    lost = captured("timeline", "alice")
    assert lost.code == 74
    assert "kith restore" in lost.err
    done = captured("restore", kept)
    assert done.code == 0
    assert "before-restore-" in done.err
    assert len(captured("timeline", "alice", "--json").json) == 40
    looked = captured("check")
    assert (looked.code, looked.err) == (0, "")
    assert "invariants hold" in looked.out
    told = captured("check", kept, "--json").json
    assert told["ok"] is True
    assert told["rows"]["interaction"] == 40


def test_beliefs_that_are_wrong_are_found_and_mended(captured: Kith) -> None:
    from store.file import Store

    with Store(captured.data / "kith.duckdb").write() as tx:
        tx.execute("UPDATE handle SET interactions = 7 WHERE NOT own")
    found = captured("check")
    assert found.code == 74
    assert "kith check --mend" in found.err
    (finding,) = captured("check", "--json").json["findings"]
    assert finding["kind"] == "beliefs"
    kept = captured("backup", "--json").json["file"]
    refused = captured("check", "--mend", kept)
    assert (refused.code, "kith restore" in refused.err) == (2, True)
    assert captured("check", "--mend").code == 0
    assert json.loads(captured("check", "--json").out)["findings"] == []


def test_nothing_is_restored_from_what_is_no_backup(captured: Kith, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Alice")
    done = captured("restore", str(tmp_path / "letter"))
    assert done.code == 74
    assert "aside" not in done.err  # what helps with a database would move somebody's letter
    nothing = captured("restore", str(tmp_path / "nothing"))
    assert (nothing.code, str(captured.data / "backups") in nothing.err) == (1, True)
    assert len(captured("timeline", "alice", "--json").json) == 40


def test_status_goes_on_telling_of_a_log_that_was_put_aside(captured: Kith) -> None:
    kept = captured.data / "kith.duckdb.wal.refused-20260517T120000"
    kept.write_bytes(b"garbled")
    assert str(kept) in captured("status").err
    (its_log,) = [row for row in captured("doctor", "--offline", "--json").json if row["check"] == "its log"]
    assert its_log["state"] == "warning"
    assert f"rm {kept}" in its_log["fix"]
    kept.unlink()
    assert str(kept) not in captured("status").err


def test_a_database_is_encrypted_with_a_key_alone_and_where_duckdb_can(captured: Kith) -> None:
    without = captured("encrypt")
    assert without.code == 78
    assert "store.key" in without.err
    text = captured.config.read_text()
    captured.configure(text + '[store]\nkey = "written out"\n')
    assert captured("status").code == 78
    captured.configure(text + '[store]\nkey = { env = "KITH_KEY" }\n')
    assert captured("timeline", "alice").code == 77
    done = captured("encrypt", KITH_KEY="canary-4711")
    assert "canary-4711" not in done.out + done.err
    assert "Traceback" not in done.err
    if done.code:
        assert (done.code, "httpfs" in done.err) == (78, True)
        assert captured("backup", KITH_KEY="canary-4711").code == 78
    else:
        assert captured("timeline", "alice", KITH_KEY="another").code == 78
        assert captured("decrypt", KITH_KEY="canary-4711").code == 0
    assert len(captured("timeline", "alice", "--json", KITH_KEY="canary-4711").json) == 40
