"""What a doctor looks at, one check after the other: each says how it is and, where it is not well, what mends it.

Nothing is changed by any of them, and no host is asked that is not configured. Whether a source answers is found out by asking
it as a sync would, for its first page, which is thrown away.
"""

from __future__ import annotations

import os
import shlex
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, Literal

from capture.config import Config, ConfigError, SourceConfig
from capture.health import state_of
from capture.seats import Seats
from connectors.base import NeedsHuman, TryLater
from store.errors import Missing, StoreError
from store.file import Store

State = Literal["well", "warning", "wrong"]

SOON = timedelta(days=21)
"""A certificate that ends within this time is told of."""

OLD = timedelta(days=30)
"""A backup older than that is old."""

SEATED = 5.0
"""Seconds for which a connection is waited for where as many are in use as may be."""

SLOW = 20.0
"""Seconds that a source may take for its first page."""

FAR = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.rclone", "9p", "afs", "fuse.gvfsd-fuse"}
"""File systems on which locks do not keep another machine from writing."""

SYNCED = ("Dropbox", "OneDrive", "Google Drive", "Nextcloud", "ownCloud", "iCloud", "Mobile Documents", "Syncthing", "Sync")
"""Folders whose files another program replaces behind our back."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    state: State
    what: str
    fix: str = ""


def examine(settings: Config, store: Store, offline: bool = False) -> Iterator[Finding]:
    """Every check, in an order in which the first that is wrong is likely to be the cause of the others."""
    yield _python()
    yield _engine()
    yield _clock()
    yield from _configuration(settings)
    yield from _folder(settings.data)
    yield _room(settings.file)
    yield from _database(settings, store)
    for one in settings.sources:
        yield from _source(one, settings, store, offline)


def _python() -> Finding:
    import platform

    version = platform.python_version()
    if platform.python_version_tuple() < ("3", "11"):
        return Finding("Python", "wrong", version, "install Python 3.11 or newer")
    return Finding("Python", "well", f"{version} on {platform.system()} {platform.machine()}")


def _engine() -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("duckdb")
    except PackageNotFoundError:
        return Finding("DuckDB", "wrong", "it is not installed", "pip install 'duckdb>=1.5.5,<3'")
    good = found.startswith(("1.", "2.")) and tuple(map(int, found.split(".")[:2])) >= (1, 5)
    return Finding("DuckDB", "well" if good else "warning", found, "" if good else "pip install 'duckdb>=1.5.5,<3'")


def _clock() -> Finding:
    now = datetime.now(UTC)
    built = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    if now < built - timedelta(days=1):
        return Finding("clock", "wrong", f"it says {now:%Y-%m-%d}, before kith was installed", "timedatectl set-ntp true")
    return Finding("clock", "well", f"{now.astimezone():%Y-%m-%d %H:%M %Z}")


# configuration -------------------------------------------------------------------------------------------------------


def _configuration(settings: Config) -> Iterator[Finding]:
    if settings.path is None:
        yield Finding("configuration", "wrong", "there is none", "README.md has a first account in seven lines")
        return
    yield Finding("configuration", "well", str(settings.path))
    mode = stat.S_IMODE(settings.path.stat().st_mode)
    loose = bool(mode & 0o077)
    fix = f"chmod 600 '{settings.path}'" if loose else ""
    yield Finding("its permissions", "warning" if loose else "well", f"mode {mode:o}", fix)
    handles = len(settings.me.handles)
    fix = 'write me.handles = ["me@example.org"]' if not handles else ""
    yield Finding("your addresses", "well" if handles else "wrong", f"{handles} are named", fix)
    count = len(settings.sources)
    fix = "" if count else "add a [[source]]; config.example.toml shows every kind"
    yield Finding("sources", "well" if count else "wrong", f"{count} are configured", fix)
    told = settings.notify.command or settings.notify.desktop
    fix = "" if told else 'write notify.desktop = true, or notify.command = ["mail", …]'
    what = "you are told of what needs you" if told else "you see what needs you in kith status alone"
    yield Finding("notices", "well", what, fix)
    zone = settings.me.zone or time.tzname[0]
    yield Finding("time zone", "well", zone)


# where the data is ---------------------------------------------------------------------------------------------------


def _folder(folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        yield Finding("data folder", "warning", f"{folder} is not there yet", "kith sync makes it")
        return
    if not os.access(folder, os.W_OK):
        yield Finding("data folder", "wrong", f"you may not write to {folder}", f"chown $USER '{folder}', or use --data")
        return
    yield Finding("data folder", "well", str(folder))
    loose = [
        each
        for each in [folder, *folder.glob("kith.*"), *folder.glob("backups/*")]
        if not each.is_symlink() and stat.S_IMODE(each.stat().st_mode) & 0o077
    ]
    fix = f"chmod -R go-rwx '{folder}'" if loose else ""
    what = "others may read " + ", ".join(each.name for each in loose[:3]) if loose else "it is yours alone"
    yield Finding("permissions there", "warning" if loose else "well", what, fix)
    kind = _file_system(folder)
    fix = "" if kind not in FAR else "put it on a disk of this machine: --data or KITH_DATA"
    yield Finding("file system", "warning" if kind in FAR else "well", kind or "unknown", fix)
    synced = next((name for name in SYNCED if name in folder.parts), None)
    fix = f"put it where {synced} does not replace files: --data or KITH_DATA" if synced else ""
    yield Finding("other programs", "warning" if synced else "well", f"it is in {synced}" if synced else "none at it", fix)
    left = [each for each in folder.glob("kith.duckdb*") if each.suffix in (".new", ".half", ".restored")]
    fix = f"once no other kith is at work: {_rm(left)}" if left else ""
    yield Finding("half-made files", "warning" if left else "well", ", ".join(each.name for each in left) or "none", fix)
    yield _backups(folder)


def _backups(folder: Path) -> Finding:
    made = [each.stat().st_mtime for each in folder.glob("backups/*.duckdb")]
    if not made:
        return Finding("backups", "warning", "there is none", "kith backup")
    newest = datetime.fromtimestamp(max(made), UTC)
    old = datetime.now(UTC) - newest > OLD
    return Finding("backups", "warning" if old else "well", f"the newest is of {newest:%Y-%m-%d}", "kith backup" if old else "")


def _file_system(folder: Path) -> str | None:
    """The type of the file system that the folder is on, where the system says so in the way of Linux."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    words = [line.split(" ") for line in lines]
    places = {each[1].replace("\\040", " "): each[2] for each in words if len(each) > 2}
    return next((places[str(place)] for place in [folder.resolve(), *folder.resolve().parents] if str(place) in places), None)


def _room(file: Path) -> Finding:
    from store.room import check_room

    try:
        check_room(file)
    except StoreError as full:
        return Finding("disk", "wrong", full.what, full.hint)
    try:
        disk = os.statvfs(file.parent if file.parent.exists() else Path.home())
    except OSError:
        return Finding("disk", "warning", "nobody says how much is free")
    return Finding("disk", "well", f"{disk.f_bavail * disk.f_frsize >> 20:,} MiB are free")


# the database --------------------------------------------------------------------------------------------------------


def _database(settings: Config, store: Store) -> Iterator[Finding]:
    from capture.match import Me
    from store.aside import put_aside
    from store.check import check

    try:
        with store.read() as reader:
            counts, same = reader.counts(), Me.of(settings).believed(reader)
    except Missing as missing:
        yield Finding("database", "warning", missing.what, missing.hint)
        return
    except StoreError as error:
        yield Finding("database", "wrong", error.what, error.hint)
        return
    yield Finding("database", "well", f"{counts['people']:,} people, {counts['interactions']:,} interactions")
    try:
        looked = check(settings.file, store.patience)
    except StoreError as error:
        yield Finding("its blocks", "wrong", error.what, error.hint)
    else:
        wrong = [finding.what for finding in looked.findings]
        fix = "kith check says what mends it" if wrong else ""
        what = "; ".join(wrong) or f"all read, {looked.invariants} invariants hold"
        yield Finding("its blocks", "wrong" if wrong else "well", what, fix)
    aside = put_aside(settings.file)
    fix = f"look whether a decision of yours is missing, then: {_rm(aside)}" if aside else ""
    what = f"put aside: {', '.join(map(str, aside))}" if aside else "none was put aside"
    yield Finding("its log", "warning" if aside else "well", what, fix)
    few = counts["unreadable"] * 100 <= counts["interactions"]
    fix = "" if few else "kith export shows which, in the rows of the table unreadable; please report it"
    yield Finding("unreadable items", "well" if few else "warning", f"{counts['unreadable']:,}", fix)
    what = "what is believed is derived with your present addresses and rules" if same else "it waits to be derived anew"
    yield Finding("beliefs", "well" if same else "warning", what, "" if same else "kith sync")


def _rm(files: list[Path]) -> str:
    return f"rm {' '.join(shlex.quote(str(file)) for file in files)}"


# sources -------------------------------------------------------------------------------------------------------------


def _source(one: SourceConfig, settings: Config, store: Store, offline: bool) -> Iterator[Finding]:
    try:
        connector = one.connector()
    except ConfigError as error:
        yield Finding(f"{one.name}: settings", "wrong", str(error), error.hint)
        return
    except Exception as error:
        yield Finding(f"{one.name}: settings", "wrong", f"{type(error).__name__}: {error}", "kith --debug sync shows where")
        return
    yield Finding(f"{one.name}: settings", "well", one.type)
    row: dict[str, Any] = {}
    rhythm = None
    try:
        with store.read() as reader:
            row = next((r for r in reader.sources() if r["name"] == one.name), {})
            rhythm = reader.rhythms(datetime.now(UTC)).get(one.name)
    except StoreError:
        pass  # that is another check's
    state, what, fix = state_of(row, rhythm, datetime.now(UTC))
    last = row.get("ok_at")
    seen = what or (f"read last {last.astimezone():%Y-%m-%d %H:%M}" if last else "never read")
    well: State = "well" if state in ("ok", "history waits") else "warning"
    yield Finding(f"{one.name}: capture", well, seen, fix or ("" if last else "kith sync"))
    secret = getattr(getattr(connector, "settings", None), "password", None)
    if secret is not None:
        found = _tried(f"{one.name}: secret", lambda: secret.reveal(one.settings.get("user")) and "it can be had")
        yield found
        if found.state != "well":
            return
    if offline:
        return
    # the domain of an address need not be a host; whether the one that its DNS names is there, the answer shows
    seats = Seats(one if store.path.parent.is_dir() else None, store.path)
    try:
        seats.wait(Event(), SEATED)
    except TryLater as error:
        yield Finding(f"{one.name}: answer", "warning", error.what, error.hint)
        return
    with closing(seats):
        if one.host is not None and not one.sought:
            yield from _host(one, one.host, _port(one))
        yield _answers(one, store, seats)


def _port(one: SourceConfig) -> int | None:
    """The port at which TLS begins with the first byte, if there is one."""
    if "host" in one.settings:
        return (one.settings.get("port") or 993) if one.settings.get("tls", "implicit") == "implicit" else None
    from urllib.parse import urlsplit

    parts = urlsplit(one.settings["url"])
    return (parts.port or 443) if parts.scheme == "https" else None


def _host(one: SourceConfig, host: str, port: int | None) -> Iterator[Finding]:
    import socket

    def looked_up() -> str:
        places = {str(place[4][0]) for place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
        return f"{len(places)} addresses"

    name = _tried(f"{one.name}: host name", looked_up, "look at host, and whether this machine is online")
    yield name
    if name.state == "well" and port is not None:
        yield _certificate(one, host, port)


def _certificate(one: SourceConfig, host: str, port: int) -> Finding:
    """Until when the certificate is good. The handshake is made with the trust that the source itself has."""
    import socket
    import ssl

    from connectors.remote import tls_context

    check = f"{one.name}: certificate"
    authority = one.settings.get("ca")
    try:
        context = tls_context(Path(authority).expanduser() if authority else None)
        with (
            socket.create_connection((host, port), 10) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str((secured.getpeercert() or {})["notAfter"])), UTC)
            version = secured.version()
    except NeedsHuman as error:
        return Finding(check, "wrong", error.what, error.hint)
    except (OSError, ValueError, KeyError) as error:
        return Finding(check, "wrong", f"{error}", "check host and port; ca names a certificate of a server's own making")
    soon = ends - datetime.now(UTC) < SOON
    fix = "whoever runs the server has to renew it" if soon else ""
    return Finding(check, "warning" if soon else "well", f"{version}, good until {ends:%Y-%m-%d}", fix)


def _answers(one: SourceConfig, store: Store, seats: Seats) -> Finding:
    """Whether the source says a first page, or that there is nothing new, to whoever asks as a sync does."""
    from capture.apart import Apart, Crashed

    try:
        with store.read() as reader:
            cursor = reader.cursor(one.name)
    except StoreError:
        cursor = None
    began = time.monotonic()
    pages = Apart(one, cursor, patience=SLOW, seats=seats)
    try:
        next(iter(pages), None)
    except NeedsHuman as error:
        return Finding(f"{one.name}: answer", "wrong", error.what, error.hint)
    except Crashed as error:
        return Finding(f"{one.name}: answer", "wrong", error.what, error.hint)
    except TryLater as error:
        return Finding(f"{one.name}: answer", "warning", error.what, error.hint)
    finally:
        pages.close()
    return Finding(f"{one.name}: answer", "well", f"within {time.monotonic() - began:.1f} s")


def _tried(check: str, work: Callable[[], str], fix: str = "") -> Finding:
    try:
        return Finding(check, "well", work())
    except NeedsHuman as error:
        return Finding(check, "wrong", error.what, error.hint)
    except (OSError, UnicodeError) as error:
        return Finding(check, "wrong", str(error), fix)
