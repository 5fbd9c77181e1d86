"""The units that systemd and launchd are given, and a real service manager that runs kith by one of them."""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.units import launchd, started, system_unit, user_unit
from tests.cli.running import COMMAND, Kith
from tests.cli.sources import ME, source
from tests.faults.daemon import letters
from tests.house import ROOT

MOST = {"user": 4.0, "plain": 4.0, "system": 2.0}


def units(folder: Path) -> dict[str, Path]:
    program = [sys.executable, "-m", "cli.main"]
    texts = {
        "user": user_unit([*program, "--data", "/var/a b%c", "run"], [Path("/var/lib")]),
        "plain": user_unit([*program, "run"], [Path("/var/lib")], rooms=False),
        "system": system_unit(program),
    }
    names = {"user": "kith.service", "plain": "kith-plain.service", "system": "kith@games.service"}
    paths = {kind: folder / names[kind] for kind in texts}
    for kind, text in texts.items():
        paths[kind].write_text(text)
    return paths


@pytest.mark.parametrize("kind", MOST)
def test_systemd_finds_no_fault_with_a_unit_and_little_that_it_is_exposed_to(tmp_path: Path, kind: str) -> None:
    path = units(tmp_path)[kind]
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60)
    assert (verified.returncode, verified.stderr) == (0, "")
    found = exposure(path)
    print(f"\n{kind}: {found}")
    assert found <= MOST[kind]


def exposure(unit: Path) -> float:
    """What systemd thinks of the unit, of 10, the less the better."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True, timeout=60)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


def test_a_system_unit_of_a_program_in_a_home_folder_can_read_it_and_no_other_can(tmp_path: Path) -> None:
    assert "ProtectHome=yes" in system_unit(["/opt/kith/bin/kith"])
    for place in ("/home/alice/kith/.venv/bin/kith", "/root/kith/.venv/bin/kith"):
        unit = tmp_path / "kith@games.service"
        unit.write_text(system_unit([place]))
        assert "ProtectHome=read-only" in unit.read_text()
        assert exposure(unit) <= MOST["system"]


@pytest.mark.parametrize("program", ["/opt/kith/bin/kith", "/opt/a b's/100%/kith", '/opt/"a" \\ b/kith'])
def test_what_a_unit_starts_is_read_from_it_again(program: str) -> None:
    assert started(user_unit([program, "run"], [Path("/var/lib/a$b")])) == program
    assert started("[Unit]\n") is None


def test_words_with_blanks_and_signs_reach_the_program_as_they_are(tmp_path: Path) -> None:
    text = units(tmp_path)["user"].read_text()
    assert "ExecStart=" in text
    assert '"/var/a b%%c"' in text
    unit = user_unit(["/opt/kith", "--data", "/var/it's $HOME", "run"], [Path("/var/it's $HOME")])
    assert 'ExecStart=/opt/kith --data "/var/it\'s $$HOME" run' in unit
    assert 'ReadWritePaths="/var/it\'s $HOME"' in unit


def test_launchd_is_told_the_same(tmp_path: Path) -> None:
    told = plistlib.loads(launchd(["/opt/kith/bin/kith", "run"], tmp_path / "log", {"PATH": "/usr/bin"}))
    assert told["ProgramArguments"] == ["/opt/kith/bin/kith", "run"]
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert told["Umask"] == 0o077


def test_what_cannot_be_done_is_said(kith: Kith) -> None:
    assert kith("service", "dance").code == 2
    assert kith("service", "install").code == 78
    kith.configure(ME + source("mail", "eml", path=str(kith.place)))
    assert kith("service", "start").code == 1
    system = kith("service", "install", "--system")
    assert system.code == 2
    assert "kith service show --system" in system.err
    without = kith("service", "install", PATH="/nowhere")
    assert without.code == 69
    assert "kith run" in without.err
    assert "Traceback" not in without.err


MANAGED = """
mount -t tmpfs -o mode=755 none /run && mkdir -p /run/systemd/system /run/systemd/inaccessible/dir || exit 3
(cd /run/systemd/inaccessible && touch reg && mkfifo fifo && mknod chr c 0 0 && mknod blk b 0 0 && chmod 0 *)
/lib/systemd/systemd --user --log-target=console --log-level=warning >"$HOME/manager.log" 2>&1 &
manager=$!
for n in $(seq 100); do systemctl --user is-system-running >/dev/null 2>&1 && break; sleep 0.1; done
systemctl --user is-system-running || { kill $manager; exit 3; }
"$@" service install; echo "install $?"
for n in $(seq 100); do "$@" timeline alice 2>/dev/null | grep -q Letter && break; sleep 0.1; done
"$@" timeline alice | grep -c Letter
"$@" service status | grep -E 'Active|Status'
"$@" status --json | grep pid
"$@" service restart; echo "restart $?"
main() { systemctl --user show kith.service --property MainPID --value; }
was=$(main); touch "$KITH_DATA/deadlock"
for n in $(seq 300); do [ -e "$KITH_DATA/deadlock" ] || break; sleep 0.1; done
began=$(date +%s%N)
for n in $(seq 300); do now=$(main); [ "$now" != 0 ] && [ "$now" != "$was" ] && break; sleep 0.1; done
echo "again after $((($(date +%s%N) - began) / 1000000)) ms, $(systemctl --user show kith.service --property NRestarts)"
"$@" service stop; echo "stop $?"
systemctl --user show kith.service --property ActiveState,Result,ExecMainStatus | sort
"$@" service uninstall; echo "uninstall $?"
kill $manager; sleep 0.3; kill -9 $manager 2>/dev/null
exit 0
"""


DEADLOCK = """
import os, sys, threading
if sys.argv[-1] == "run":
    from capture.daemon import Daemon
    real, flag = Daemon._step, sys.argv[-2] + "/deadlock"
    def step(self):
        if os.path.exists(flag):
            os.unlink(flag)
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        real(self)
    Daemon._step = step
"""
"""The thread that plans waits for itself; all others go on."""

WATCHDOG = 8
"""Seconds, in the place of two minutes."""


def test_a_real_service_manager_runs_it_shut_in_as_it_is_and_again_when_it_hangs(kith: Kith) -> None:
    """P05; systemd's user manager, in a mount namespace of its own; where none can be had, that is what kith says."""
    letters(kith.place / "mail", range(3))
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), every="1 s"))
    runtime = kith.place / "runtime"
    runtime.mkdir(mode=0o700)
    environment = kith.environment(XDG_RUNTIME_DIR=str(runtime))
    alone = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    program = kith.place / "kith"
    program.write_text(f"#!/bin/sh\ncd '{ROOT}' && exec {COMMAND[0]} -c '{DEADLOCK}\n{COMMAND[2]}' \"$@\"\n")
    program.chmod(0o700)
    start = f"{program} --config {kith.config} --data {kith.data} run"
    quick = kith.place / ".config" / "systemd" / "user" / "kith.service.d"
    quick.mkdir(parents=True)
    (quick / "quick.conf").write_text(f"[Service]\nWatchdogSec={WATCHDOG}\nRestartSec=1\nExecStart=\nExecStart={start}\n")
    done = subprocess.run(
        [*alone, "sh", "-c", MANAGED, "sh", str(program)], env=environment, capture_output=True, text=True, timeout=120
    )
    log = kith.place / "manager.log"
    said = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    if done.returncode == 3 or not log.exists():
        assert kith("service", "install", XDG_RUNTIME_DIR=str(runtime)).code == 69, said
        return
    assert done.returncode == 0, said
    for line in ("install 0", "restart 0", "stop 0", "uninstall 0", "ActiveState=inactive", "Result=success"):
        assert line in done.stdout, said
    assert "Active: active (running)" in done.stdout, said
    assert 'Status: "1 sources"' in done.stdout, said
    assert "\n3\n" in done.stdout, said
    again = re.search(r"again after (\d+) ms, NRestarts=1", done.stdout)
    assert again, said
    print(f"\nstarted again {int(again[1]) / 1000:.1f} s after its deadlock, with a watchdog of {WATCHDOG} s")
    assert int(again[1]) <= 2 * 1000 * WATCHDOG
