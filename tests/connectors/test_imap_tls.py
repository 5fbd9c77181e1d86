"""No password is sent in the clear or to somebody else, whatever the network does."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.base import NeedsHuman, SourceError, TryLater
from connectors.imap import ImapSettings
from tests.servers.scripted_imap import (
    Script,
    Serve,
    fails,
    ids,
    pull,
    some,
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of self-signed certificates: good.pem, expired.pem and other-host.pem, with keys."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, host, days in (
        ("good", "localhost", 30),
        ("expired", "localhost", -1),
        ("other-host", "example.org", 30),
    ):
        _certificate(folder, name, host, days)
    return folder


def _certificate(folder: Path, name: str, host: str, days: int) -> None:
    key, request, made = (str(folder / f"{name}.{end}") for end in ("key", "csr", "pem"))
    (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
    subprocess.run(
        ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", key, "-out", request],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(
        ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-extfile",
         str(folder / f"{name}.ext"), "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip


def server_side(certificates: Path, name: str = "good") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


def test_implicit_tls_and_starttls_send_no_password_in_the_clear(serve: Serve, certificates: Path) -> None:
    for implicit in (True, False):
        script = some(3, "IMAP4rev1 STARTTLS AUTH=PLAIN")
        server = serve(script, tls=server_side(certificates), implicit=implicit)
        tls = "implicit" if implicit else "starttls"
        pages = pull(server, host="localhost", tls=tls, ca=certificates / "good.pem")
        assert len(ids(pages)) == 3
        assert [line.partition(b" ")[2] for line in server.in_clear] == (
            [] if implicit else [b"CAPABILITY", b"STARTTLS"]
        )


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("name", "ca", "mends"),
    [
        ("good", None, "give its file as `ca`"),
        ("good", "other-host", "whether the file that `ca` names"),
        ("expired", "expired", "renew"),
        ("other-host", "other-host", "check `host`"),
    ],
    ids=["self-signed", "not the one that is trusted", "expired", "of another host"],
)
def test_a_wrong_certificate_gets_no_password_and_is_tried_again(
    serve: Serve, certificates: Path, name: str, ca: str | None, mends: str, tls: str
) -> None:
    script = some(3, "IMAP4rev1 STARTTLS AUTH=PLAIN")
    server = serve(script, tls=server_side(certificates, name), implicit=tls == "implicit")
    error = fails(server, host="localhost", tls=tls, ca=ca and certificates / f"{ca}.pem")
    assert isinstance(error, TryLater)
    assert "certificate" in error.what
    assert mends in error.hint
    assert ("give" in error.hint) is (ca is None)
    assert not any(line.startswith((b"LOGIN", b"AUTHENTICATE")) for line in server.lines)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(serve: Serve, certificates: Path) -> None:
    context = server_side(certificates)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = serve(some(3), tls=context, implicit=True)
    error = fails(server, host="localhost", tls="implicit", ca=certificates / "good.pem")
    assert isinstance(error, SourceError)
    assert server.lines == []


STRIPPED = {
    "STARTTLS is not offered": Script(capabilities="IMAP4rev1 AUTH=PLAIN"),
    "STARTTLS is refused": Script(
        capabilities="IMAP4rev1 STARTTLS AUTH=PLAIN", answers={"STARTTLS": b"%t NO not today\r\n"}
    ),
    "STARTTLS is unknown": Script(
        capabilities="IMAP4rev1 STARTTLS AUTH=PLAIN", answers={"STARTTLS": b"%t BAD what\r\n"}
    ),
    "PREAUTH": Script(greeting=b"* PREAUTH welcome back\r\n", capabilities="IMAP4rev1 STARTTLS"),
    "PREAUTH with capabilities": Script(greeting=b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n"),
    "STARTTLS is answered with a goodbye": Script(
        capabilities="IMAP4rev1 STARTTLS", answers={"STARTTLS": b"* BYE\r\n%t OK\r\n"}
    ),
    "no TLS comes": Script(capabilities="IMAP4rev1 STARTTLS", answers={"STARTTLS": b"%t OK\r\n* OK in clear\r\n"}),
}


@pytest.mark.parametrize("stripped", ["STARTTLS is not offered", "PREAUTH", "PREAUTH with capabilities"])
def test_where_encryption_cannot_begin_a_human_is_told_and_nothing_more_is_sent(serve: Serve, stripped: str) -> None:
    server = serve(STRIPPED[stripped])
    error = fails(server, host="localhost", tls="starttls", timeout=2.0)
    assert isinstance(error, NeedsHuman)
    assert "implicit" in error.hint
    assert b"STARTTLS" not in server.lines


@pytest.mark.parametrize("stripped", STRIPPED)
def test_where_encryption_is_stripped_no_password_is_sent(serve: Serve, stripped: str) -> None:
    server = serve(STRIPPED[stripped])
    fails(server, host="localhost", tls="starttls", timeout=2.0)
    assert not any(re.search(rb"LOGIN|AUTHENTICATE|EXAMINE", line) for line in server.in_clear)


def test_what_is_said_before_the_encryption_is_forgotten(serve: Serve, certificates: Path) -> None:
    """An attacker adds a capability, and the answer to a command that is still to come (CVE-2011-0411)."""
    script = some(3, "IMAP4rev1 STARTTLS AUTH=PLAIN")
    script.answers["STARTTLS"] = (
        b"* CAPABILITY IMAP4rev1 X-GM-EXT-1 X-INJECTED\r\n%t OK go\r\n"
        b"* CAPABILITY IMAP4rev1 X-GM-EXT-1 X-INJECTED\r\n* BYE injected\r\nK1 OK injected\r\n"
    )
    server = serve(script, tls=server_side(certificates))
    pages = pull(server, host="localhost", tls="starttls", ca=certificates / "good.pem")
    assert len(ids(pages)) == 3
    assert not any(b"X-GM" in line for line in server.lines)


@pytest.mark.parametrize("host", ["imap.example.org", "192.0.2.1", "localhost.example.org", "127.0.0.1.example.org"])
def test_no_encryption_is_for_this_machine_alone(host: str) -> None:
    with pytest.raises(ValidationError, match="in the clear"):
        ImapSettings.model_validate({"host": host, "tls": "none", "user": "alice", "password": {"env": "X"}})


def test_certificates_that_cannot_be_read_need_a_human(serve: Serve, tmp_path: Path) -> None:
    assert isinstance(fails(serve(), tls="implicit", ca=tmp_path / "none.pem"), NeedsHuman)
