"""P04: ``kith run`` for a long time, with everything that usually happens, only faster: does it grow?

    python -m tests.faults.soak SECONDS

Four accounts on a real server, one of them watched (IDLE), and four folders, each asked every second; a mail arrives somewhere
twice a second, a recall is made every second, the configuration is read anew every minute. Prints what grew, as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.cli.running import Kith
from tests.cli.sources import ME, source
from tests.faults.daemon import letters, running
from tests.servers.dovecot import Dovecot


def soak(place: Path, seconds: float, server: Dovecot) -> dict[str, float]:
    """Runs it for so long; MB, files and processor at the beginning (after a tenth of the time) and at the end."""
    kith = Kith(place)
    accounts = [server.account() for _ in range(4)]
    settings = {"host": server.host, "port": server.port, "tls": "none", "every": "1 s"}
    text = ME
    for n, account in enumerate(accounts):
        text += source(f"imap{n}", "imap", user=account.user, **settings) + 'password = { env = "MAIL_PASSWORD" }\n'
        letters(place / f"mail{n}", range(0))
        text += source(f"eml{n}", "eml", path=str(place / f"mail{n}"), every="1 s")
    kith.configure(text)
    arrived, recalls, failed = 0, 0, 0
    began = time.monotonic()
    first: tuple[float, int] | None = None
    peak = 0.0
    with running(kith, MAIL_PASSWORD=accounts[0].password) as daemon:
        reloaded = sampled = began
        while (now := time.monotonic()) - began < seconds:
            where, kind = divmod(arrived % 8, 2)
            if kind:
                letters(place / f"mail{where}", range(arrived, arrived + 1))
            else:
                head = f"From: Bob <b{arrived % 40}@example.org>\r\nTo: me@example.org\r\nSubject: News {arrived}\r\n"
                head += f"Date: Sat, 16 May 2026 10:{arrived % 60:02d}:00 +0000\r\nMessage-ID: <soak{arrived}@example.org>\r\n"
                accounts[where].deliver("INBOX", f"{head}\r\n".encode())
            arrived += 1
            if arrived % 2:
                asked = kith("timeline", "alice", "--json")
                recalls += 1
                if asked.code not in (0, 1):
                    failed += 1
                    print(f"{now - began:.0f} s: a recall ended with {asked.code}: {asked.err}", file=sys.stderr, flush=True)
            if now - reloaded > 60:
                reloaded = now
                kith.configure(text + f"# {now}\n")
                daemon.process.send_signal(signal.SIGHUP)
            if now - sampled > 10:
                sampled = now
                peak = max(peak, daemon.memory())
                said = f"{now - began:.0f} s: {daemon.memory():.1f} MB, {daemon.descriptors()} files"
                print(said, file=sys.stderr, flush=True)
                if first is None and now - began > seconds / 10:
                    first = daemon.memory(), daemon.descriptors()
            time.sleep(max(0.0, 0.5 - (time.monotonic() - now)))
        time.sleep(8)
        last = daemon.memory(), daemon.descriptors()
        used, then = daemon.processor(), time.monotonic()
        polls = sum(log.read_bytes().count(b" LOGIN") + log.read_bytes().count(b" EXAMINE") for log in server.raw_logs())
        count = daemon.count()
        code, took = daemon.stop()
        assert code == 0, daemon.log
        assert "Traceback" not in daemon.log
    assert kith("check").code == 0
    assert first is not None
    return {
        "seconds": round(time.monotonic() - began),
        "arrived": arrived,
        "captured": count,
        "recalls": recalls,
        "recalls_failed": failed,
        "examines": polls,
        "mb_first": round(first[0], 1),
        "mb_last": round(last[0], 1),
        "mb_peak": round(peak, 1),
        "files_first": first[1],
        "files_last": last[1],
        "processor": round(used / (then - began), 3),
        "stop": round(took, 2),
    }


if __name__ == "__main__":
    dovecot = Dovecot()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = soak(Path(folder), float(sys.argv[1]), dovecot)
        print(json.dumps(found))
        assert found["captured"] == found["arrived"]
        assert found["mb_last"] - found["mb_first"] <= 20
        assert found["mb_peak"] <= 150
        assert not found["recalls_failed"]
    finally:
        dovecot.stop()
