"""What a service manager is told about kith: a systemd user unit, a system unit for a server, a launchd property list.

The units shut the daemon in as far as it can work: it may read the home folder, write to its own data, and make connections; it
gains no rights, sees no devices, and may call nothing of the kernel that a service does not need. Of 10, the less the better,
``systemd-analyze security --offline`` gives the user unit 1.9, without namespaces 3.7, and the system unit 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME = "kith"
LABEL = "kith.run"
"""What the service is called, by systemd and by launchd."""

SECONDS = {"restart": 30, "watchdog": 120, "stop": 15}

_SERVICE = """\
[Unit]
Description=kith, the address book that writes itself
{after}StartLimitIntervalSec=15min
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
ExecStart={start}
ExecReload=kill -HUP $MAINPID
Restart=on-failure
RestartSec={restart}
# another one runs already, or the configuration is wrong: to try again would not mend it
RestartPreventExitStatus=75 78
SuccessExitStatus=130
WatchdogSec={watchdog}
TimeoutStopSec={stop}
Nice=10
IOSchedulingClass=idle
UMask=0077
{who}
# What it may do, and nothing else.
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
CapabilityBoundingSet=
AmbientCapabilities=
RestrictNamespaces=yes
{rooms}
[Install]
WantedBy={wanted}
"""

_ROOMS = """\
PrivateUsers=yes
{tmp}PrivateDevices=yes
ProtectSystem=strict
ProtectHome={home}
ReadWritePaths={writes}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
"""

_WHY = """\
# These need a namespace of its own, which some systems do not let users have: kith service install --plain leaves them out.
"""

_WHO = """\
User=%i
StateDirectory=kith/%i
StateDirectoryMode=0700
# A secret: LoadCredential=mail:/etc/kith/%i.mail here, and in the configuration
# password = { file = "/run/credentials/kith@NAME.service/mail" }
"""

_TMP = "PrivateTmp=yes\n"

_SYSTEM = """\
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
DevicePolicy=closed
"""


def user_unit(command: Sequence[str], writes: Sequence[Path], rooms: bool = True) -> str:
    """The unit for a user's own service manager. ``writes`` are the folders that the daemon may write to."""
    # gpg, which password stores call, makes a lock in its folder even to decrypt
    places = " ".join([*(_quoted(str(path), command=False) for path in writes), "-%h/.gnupg"])
    needed = [*map(str, writes), *command]
    # what is in there would be hidden from it
    tmp = "" if _below(needed, "/tmp", "/var/tmp") else _TMP
    return _SERVICE.format(
        after="",
        start=" ".join(map(_quoted, command)),
        who="",
        rooms=_WHY + _ROOMS.format(home="read-only", writes=places, tmp=tmp) if rooms else "",
        wanted="default.target",
        **SECONDS,
    )


def system_unit(program: Sequence[str]) -> str:
    """The template of a system unit, ``kith@NAME.service``: of the user NAME, with /etc/kith/NAME.toml, /var/lib/kith/NAME."""
    home = "read-only" if _below(program, "/home", "/root", "/run/user") else "yes"
    tmp = "" if _below(program, "/tmp", "/var/tmp") else _TMP
    words = [*program, "--config", "/etc/kith/%i.toml", "--data", "/var/lib/kith/%i", "run"]
    return _SERVICE.format(
        after="After=network-online.target\nWants=network-online.target\n",
        start=" ".join(_quoted(word, instance=True) for word in words),
        who=_WHO,
        rooms=_ROOMS.format(home=home, writes="/var/lib/kith/%i", tmp=tmp) + _SYSTEM,
        wanted="multi-user.target",
        **SECONDS,
    )


def launchd(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> bytes:
    """The property list of a launchd agent: begun at login and after a crash, not after a wrong configuration."""
    import plistlib

    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "EnvironmentVariables": dict(environment),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": SECONDS["restart"],
            "ExitTimeOut": SECONDS["stop"],
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Nice": 10,
            "Umask": 0o077,
            "StandardOutPath": str(log),
            "StandardErrorPath": str(log),
        }
    )


def started(unit: str) -> str | None:
    """What the unit starts, as ``user_unit`` was told it; None if it starts nothing."""
    found = re.search(r'^ExecStart=(?:"((?:[^"\\]|\\.)*)"|((?:[^\s\\]|\\.)+))', unit, re.MULTILINE)
    said = (found[1] or found[2]) if found else None
    return re.sub(r"\\(.)|%(%)|\$(\$)", lambda m: m[1] or m[2] or m[3], said) if said else None


def _below(words: Sequence[str], *folders: str) -> bool:
    """Whether one of the words is a path in one of the folders."""
    return any(word.startswith("/") and Path(word).is_relative_to(folder) for word in words for folder in folders)


def _quoted(word: str, instance: bool = False, command: bool = True) -> str:
    """A word as systemd reads it (systemd.service(5)): of a ``command``, in which $ begins a variable, or of another list.

    With ``instance`` its %i stays one.
    """
    said = word.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    if command:
        said = said.replace("$", "$$")
    if instance:
        said = said.replace("%%i", "%i")
    return f'"{said}"' if set(said) & set(" '\t;") else said
