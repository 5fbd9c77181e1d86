"""The peers of a first sync: clients that fetch the same items of the same folders, and do nothing with them.

``python -m tests.bench.fetch imapclient|raw PORT USER PASSWORD ITEMS FOLDER…`` prints how many messages came. "imapclient"
is a program as most are: the library, messages in lists of 500. "raw" is the floor: one command a folder, and a socket that
is read to the end of the answer. Folder names are as people see them; the server is on this machine and speaks plainly.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Sequence

AT_ONCE = 500


def by_imapclient(port: int, user: str, password: str, items: str, folders: Sequence[str]) -> int:
    """The number of messages that imapclient gave."""
    import imapclient

    client = imapclient.IMAPClient("127.0.0.1", port, ssl=False)
    client.login(user, password)
    names = re.findall(r"BODY\S*\[.*?\]|\S+", items.strip("()"))
    number = 0
    for folder in folders:
        client.select_folder(folder, readonly=True)
        uids = client.search()
        for at in range(0, len(uids), AT_ONCE):
            number += len(client.fetch(uids[at : at + AT_ONCE], names))
    client.logout()
    return number


def by_socket(port: int, user: str, password: str, items: str, folders: Sequence[str]) -> int:
    """The number of messages that the server said are there; all it says of them was read."""
    from imapclient.imap_utf7 import encode

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.recv(1 << 16)
        _answer(connection, f"LOGIN {user} {password}".encode())
        number = 0
        for folder in folders:
            said = _answer(connection, b'EXAMINE "%s"' % encode(folder))
            exists = re.search(rb"\* ([0-9]+) EXISTS", said)
            number += int(exists[1]) if exists else 0
            _answer(connection, f"UID FETCH 1:* {items}".encode())
    return number


def _answer(connection: socket.socket, command: bytes) -> bytes:
    """The end of the answer to a command, at most 64 KB of it."""
    connection.sendall(b"A1 " + command + b"\r\n")
    end = b""
    while not (end.endswith(b"\r\n") and end[end.rfind(b"\n", 0, -1) + 1 :].startswith(b"A1 ")):
        data = connection.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        end = (end + data)[-(1 << 16) :]
    if not end[end.rfind(b"\n", 0, -1) + 1 :].startswith(b"A1 OK"):
        raise ConnectionError(f"the server says no: {end[-200:]!r}")
    return end


if __name__ == "__main__":
    fetch = {"imapclient": by_imapclient, "raw": by_socket}[sys.argv[1]]
    print(fetch(int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5], sys.argv[6:]))
