"""What all connectors to servers share: TLS as it must be, and what a server said made fit to be shown."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from connectors.base import NeedsHuman, Page, TryLater

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def said(text: bytes | str, most: int = 200) -> str:
    """What a server said, fit to be shown: one line without control characters, at most ``most`` characters."""
    if isinstance(text, bytes):
        text = text[: most * 8].decode("utf-8", "replace")
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def tls_context(ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and host name verified; against ``ca`` alone where it is given.

    A certificate in ``ca`` is trusted as it stands, its own issuer need not be there. Raises NeedsHuman if ``ca``
    cannot be read.
    """
    import ssl

    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise NeedsHuman(f"cannot read certificates from {ca}: {error}", f"make `ca` name a PEM file: {ca}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def by_ca(context: ssl.SSLContext) -> bool:
    """Whether ``tls_context`` was given certificates: without them the second flag is as Python has it, both or neither."""
    import ssl

    return bool(context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN and not context.verify_flags & ssl.VERIFY_X509_STRICT)


UNPROVEN = "the certificate of "
"""What is said of a certificate that is not right begins so."""

_OUT_OF_DATE = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED, of OpenSSL's x509_vfy.h."""


def unproven(host: str, setting: str, error: ssl.SSLCertVerificationError, ca: bool) -> TryLater:
    """The error for a certificate that does not prove that ``host`` answers, which ``setting`` names.

    It is tried again: a network that wants a login first shows a certificate of its own, and one that has run out is renewed.
    ``ca``: it was held against the certificates that the user gave.
    """
    if error.verify_code in _OUT_OF_DATE:
        hint = "whoever runs the server has to renew it, unless the clock of this machine is wrong"
    elif ca:
        hint = f"check `{setting}`, and whether the file that `ca` names is still the server's"
    else:
        hint = f"check `{setting}`; if the server has a certificate of its own making, give its file as `ca`"
    return TryLater(
        f"{UNPROVEN}{host} is not right: {said(error.verify_message or str(error))}",
        f"{hint}; if this network asks for a login first, log in there",
    )


class Metered(Protocol):
    """A connector that counts the bytes that have come from its source."""

    came: int


def metered(connector: Metered, pages: Iterator[Page], came: Callable[[], int]) -> Iterator[Page]:
    """The pages, with what ``came`` for them, by the count of their connection, in the connector's own count."""
    before = connector.came
    try:
        for page in pages:
            connector.came = before + came()
            yield page
    finally:
        connector.came = before + came()


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine and no other."""
    if host.lower().rstrip(".") in ("localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
