"""Encryption of the file at rest: DuckDB's own (AES-GCM), with a key that is fetched when the first file is opened.

Without a key nothing here does anything. With one, every file that is made is encrypted with it, backups and migrated copies
too; a file that is there and is not encrypted is opened as it is, until ``kith encrypt`` has replaced it.

DuckDB reads an encrypted file by itself, and writes one only with the cryptography of its extension httpfs. That is never
fetched by kith: on the 1.5 line it comes as a package, on the 2 line from where DuckDB keeps what its user has installed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from store.errors import StoreError

if TYPE_CHECKING:
    from store.duck import Connection

_fetch: Callable[[], str] | None = None
_key: str | None = None


class CannotEncrypt(StoreError):
    """DuckDB's extension for writing encrypted files is not there."""

    exit_code = 78


def use(fetch: Callable[[], str] | None) -> None:
    """From now on this is where the key comes from; None: there is none."""
    global _fetch, _key
    _fetch, _key = fetch, None


def key() -> str | None:
    """The key, fetched once; None where none is configured. Raises what fetching it raises."""
    global _key
    if _key is None and _fetch is not None:
        _key = _fetch()
    return _key


def option() -> str:
    """What stands between the brackets of an ATTACH besides, for a file that is encrypted with the key."""
    secret = key()
    return "" if secret is None else ", ENCRYPTION_KEY '" + secret.replace("'", "''") + "'"


def hidden(text: str) -> str:
    """The text without the key in it."""
    return text if not _key else text.replace(_key.replace("'", "''"), "…").replace(_key, "…")


def load(connection: Connection) -> None:
    """The connection can write encrypted files. Raises CannotEncrypt."""
    import duckdb

    for place in _places():
        if place.exists():
            connection.execute("LOAD '" + str(place).replace("'", "''") + "'")
            return
    version = duckdb.__version__
    if version.startswith("1."):
        hint = f"pip install duckdb-extension-httpfs=={version}"
    else:
        hint = "once: python -c 'import duckdb; duckdb.sql(\"INSTALL httpfs\")', which asks DuckDB's server; kith never does"
    raise CannotEncrypt(f"DuckDB {version} needs its extension httpfs to write an encrypted file.", hint)


def _places() -> list[Path]:
    """Where the extension of this very DuckDB may be: in its package, and in the folder that INSTALL writes to."""
    from importlib.util import find_spec

    import duckdb

    version = f"v{duckdb.__version__}"
    found: list[Path] = []
    spec = find_spec("duckdb_extension_httpfs")
    if spec and spec.origin:
        found.append(Path(spec.origin).parent / "extensions" / version / "httpfs.duckdb_extension")
    found += sorted(Path.home().glob(f".duckdb/extensions/{version}/*/httpfs.duckdb_extension"))
    return found
