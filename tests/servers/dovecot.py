"""A real, private Dovecot 2.3 on free ports of 127.0.0.1, for as long as a test session runs.

Every user name is an account, and the password of each is ``secret``. Mail lies in a Maildir++ per account, Dovecot's
own files (index, UID list) elsewhere: the Maildir holds nothing but messages, and ``Account.fingerprint`` sees each
byte, name and time there. Dovecot logs what each session said after the login (``raw_logs``), also inside TLS.

As root the server runs as ``nobody``; as anybody else it runs as you. It ends with ``stop``.
"""

from __future__ import annotations

import base64
import getpass
import grp
import hashlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

PASSWORD = "secret"


class Dovecot:
    """The running server: ``host``, ``port`` (plain, and STARTTLS), ``tls_port`` (implicit TLS), and ``ca``, a path."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kith-dovecot-"))
        self.folder.chmod(0o755)
        self.ca = certificate(self.folder, "server")
        self.wrong_ca = certificate(self.folder, "stranger")
        """A certificate that has nothing to do with the server's."""
        self.port, self.tls_port = _free_ports(2)
        self._accounts = count(1)
        self._as_nobody = os.geteuid() == 0
        owner = pwd.getpwnam("nobody") if self._as_nobody else pwd.getpwnam(getpass.getuser())
        self._uid, self._gid = owner.pw_uid, owner.pw_gid
        self._identity: dict[str, Any] = (
            {"user": self._uid, "group": self._gid, "extra_groups": []} if self._as_nobody else {}
        )
        for name in ("run", "state", "mail", "home", "index", "control", "raw"):
            (self.folder / name).mkdir()
        self._config = self.folder / "dovecot.conf"
        self._config.write_text(
            _CONFIG.format(
                d=self.folder,
                user=owner.pw_name,
                group=grp.getgrgid(self._gid).gr_name,
                uid=self._uid,
                gid=self._gid,
                port=self.port,
                tls_port=self.tls_port,
                password=PASSWORD,
            )
        )
        self.own(self.folder)
        self._process = subprocess.Popen(
            [_program("dovecot"), "-F", "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._identity,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def account(self, user: str | None = None) -> Account:
        """The account of ``user``; without a name a fresh, empty one ("alice1", "alice2", …)."""
        account = Account(self, user or f"alice{next(self._accounts)}")
        account.create("INBOX")
        raw = self.folder / "raw" / account.user
        raw.mkdir(exist_ok=True)
        self.own(raw)
        return account

    def raw_logs(self) -> list[Path]:
        """What clients said after their logins, one file a session: Dovecot's raw logs, read while it runs or after."""
        return sorted((self.folder / "raw").glob("*/*.in"))

    def body_bytes(self) -> int:
        """How many bytes of message bodies Dovecot has read for its clients, by its own account of ended sessions."""
        return sum(
            int(number) for number in re.findall(r" body_bytes=(\d+)", (self.folder / "dovecot.log").read_text())
        )

    def doveadm(self, *arguments: str) -> str:
        """What ``doveadm`` says to these arguments. Raises CalledProcessError."""
        command = [_program("doveadm"), "-c", str(self._config), *arguments]
        done: CompletedProcess[str] = subprocess.run(
            command, check=True, capture_output=True, text=True, **self._identity
        )
        return done.stdout

    def own(self, path: Path) -> None:
        """Hands ``path`` and what is below it to the user that the server runs as."""
        if self._as_nobody:
            for below in (path, *path.rglob("*")):
                os.lchown(below, self._uid, self._gid)

    def stop(self) -> None:
        """Ends the server and removes all its files."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_it_answers(self) -> None:
        for port in (self.port, self.tls_port):
            until = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection((self.host, port), 5).close()
                    break
                except OSError:
                    if self._process.poll() is not None or time.monotonic() > until:
                        log = self.folder / "dovecot.log"
                        said = log.read_text() if log.exists() else "nothing"
                        raise RuntimeError(f"Dovecot does not answer; it logged: {said}") from None
                    time.sleep(0.01)


@dataclass(frozen=True)
class Account:
    """One mailbox on the server. Folder names are as kith says them: decoded, "/" between segments."""

    server: Dovecot
    user: str
    password: str = PASSWORD

    @property
    def maildir(self) -> Path:
        return self.server.folder / "mail" / self.user

    def path(self, folder: str) -> Path:
        """Where the messages of ``folder`` lie."""
        return self.maildir if folder == "INBOX" else self.maildir / ("." + _encoded(folder).replace("/", "."))

    def create(self, folder: str) -> Path:
        """Makes ``folder`` if it is not there."""
        path = self.path(folder)
        if not (path / "cur").is_dir():
            for name in ("cur", "new", "tmp"):
                (path / name).mkdir(parents=True)
            if folder != "INBOX":
                (path / "maildirfolder").touch()
            self.server.own(path)
        return path

    def deliver(self, folder: str, message: bytes, received: datetime | None = None, flags: str | None = None) -> Path:
        """Puts a message there, as a delivery agent does, and returns its file.

        It lies in ``new``, or with ``flags`` ("" or Maildir's letters, as "S") in ``cur``. Of the two times that a
        message has this sets INTERNALDATE; UIDs go up in the order of delivery.
        """
        moment = received or datetime(2026, 1, 1, tzinfo=UTC)
        # Dovecot gives UIDs to new files in the order of the number that their names begin with.
        name = f"{1_000_000_000 + next(_deliveries)}.M1P1.kith,S={len(message)}"
        box = self.create(folder)
        arriving = box / "tmp" / name
        arriving.write_bytes(message)
        os.utime(arriving, (moment.timestamp(), moment.timestamp()))
        self.server.own(arriving)
        return arriving.rename(box / "new" / name if flags is None else box / "cur" / f"{name}:2,{flags}")

    def expunge(self, folder: str, *query: str) -> None:
        """Removes the messages that a ``doveadm`` search query names, as ("uid", "1:50")."""
        self.server.doveadm("expunge", "-u", self.user, "mailbox", folder, *query)

    def rename(self, folder: str, new: str) -> None:
        """Gives the folder another name."""
        self.server.doveadm("mailbox", "rename", "-u", self.user, folder, new)

    def renumber(self, folder: str) -> None:
        """Makes the server forget its UIDs: the folder gets a new UIDVALIDITY, and its messages other UIDs.

        To show it, one message more than there is takes the first UID.
        """
        name = ".INBOX" if folder == "INBOX" else self.path(folder).name
        first = self.deliver(folder, b"Message-ID: <gone@example.org>\r\n\r\n", flags="")
        for place in ("control", "index"):
            shutil.rmtree(self.server.folder / place / self.user / name, ignore_errors=True)
        first = first.rename(first.with_name(f"1.{first.name.partition('.')[2]}"))
        self.server.doveadm("mailbox", "status", "-u", self.user, "uidvalidity", folder)
        first.unlink()

    def uidvalidity(self, folder: str) -> int:
        """The UIDVALIDITY of the folder as the server says it."""
        said = self.server.doveadm("mailbox", "status", "-u", self.user, "uidvalidity", folder)
        return int(said.rpartition("=")[2])

    def fingerprint(self) -> str:
        """A digest over the names (flags are in them), bytes, times and rights of all that lies in the Maildir."""
        return fingerprint(self.maildir)


_deliveries = count(1)


def fingerprint(folder: Path) -> str:
    """A digest over names, bytes, change times and rights of all files and folders below ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        digest.update(f"{path.relative_to(folder)}\0{found.st_mode}\0{found.st_mtime_ns}\0{found.st_size}\0".encode())
        if path.is_file() and os.access(path, os.R_OK):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def certificate(folder: Path, name: str) -> Path:
    """A new certificate for localhost, signed by itself, with its key beside it; its path serves as ``ca``."""
    key, path = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "3650", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    return path


def _encoded(folder: str) -> str:
    """Modified UTF-7 (RFC 3501 section 5.1.3)."""

    def shift(match: re.Match[str]) -> str:
        code = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=")
        return f"&{code.replace('/', ',')}-"

    return re.sub(r"[^\x20-\x7e]+", shift, folder.replace("&", "&-"))


def _free_ports(number: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def _program(name: str) -> str:
    return shutil.which(name) or f"/usr/sbin/{name}"


_CONFIG = """
base_dir = {d}/run
state_dir = {d}/state
log_path = {d}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{d}/server.pem
ssl_key = <{d}/server.key
ssl_dh =
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{d}/mail/%u:INDEX={d}/index/%u:CONTROL={d}/control/%u
mail_fsync = never
mail_max_userip_connections = 100
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
protocol imap {{
  rawlog_dir = {d}/raw/%u
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={d}/home/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Drafts {{
    special_use = \\Drafts
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Archive {{
    special_use = \\Archive
  }}
}}
"""
