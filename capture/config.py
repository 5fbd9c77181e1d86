"""The configuration: one TOML file, read into frozen dataclasses, and where the data stands.

Every command loads this, the ones that only recall too, so nothing heavy is imported here: the tables of kith itself
are checked by the small functions below, and what a source's connector wants to know is checked by that connector's own
pydantic ``Settings`` when the connector is made. Whoever reads an error from here is told what is wrong, where in the
file, and what to write instead.

A frozen dataclass takes a millisecond to define and a named tuple a seventh of that, so the small ones are these.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from capture.duration import duration
from capture.place import ConfigError, Place, entries, nearest
from capture.size import size
from capture.source import CONNECTIONS, EVERY, OURS, SourceConfig
from connectors.base import Handle

if TYPE_CHECKING:
    from capture.rules import Rule

__all__ = ["EVERY", "Cadence", "Config", "ConfigError", "Me", "Notify", "SourceConfig", "duration", "load", "place_of"]

SECRETS = ("password", "passphrase", "secret", "token", "api_key")
"""Settings that are secrets by their very name: as plain text they are refused before anything else reads them."""

MOST_CONNECTIONS = 100

FETCHED = '{ command = ["pass", "mail"] }, { keyring = "…" }, { env = "…" } or { file = "…" }'


# What the file says --------------------------------------------------------------------------------------------------


class Me(NamedTuple):
    """The user. ``region`` (ISO 3166, two letters) and ``zone`` (IANA) are None where the system's are meant."""

    name: str | None = None
    handles: tuple[Handle, ...] = ()
    region: str | None = None
    zone: str | None = None


class Cadence(NamedTuple):
    """How often the user wants to be in touch, in days: by default (None: no wish), and with people of a tag."""

    default: float | None = None
    tags: Mapping[str, float] = MappingProxyType({})


class Notify(NamedTuple):
    """How the user is told of what does not mend itself: a command that reads the text, and the desktop's own way."""

    command: tuple[str, ...] = ()
    desktop: bool = False


@dataclass(frozen=True)
class Config:
    """What the user configured. ``path`` is the file it was read from, None if there is none."""

    path: Path | None
    data: Path
    me: Me = field(default_factory=Me)
    sources: tuple[SourceConfig, ...] = ()
    cadence: Cadence = field(default_factory=Cadence)
    notify: Notify = field(default_factory=Notify)
    rules: tuple[Rule, ...] = ()
    key: dict[str, Any] | None = field(default=None, repr=False)
    """How the key of an encrypted database is fetched, as written."""

    @property
    def file(self) -> Path:
        return self.data / "kith.duckdb"


def load(path: Path | None = None, data: Path | None = None, must_exist: bool = False) -> Config:
    """The configuration at ``path``, or where else it stands (``place_of``).

    The data folder is ``data``, or $KITH_DATA, or ``~/.local/share/kith``; it is not created here. Where there is no
    file the configuration is empty, which is enough to recall; with ``must_exist``, or when ``path`` was given, that is
    a ConfigError, as is everything in the file that kith does not understand. A source's own settings are checked by
    ``SourceConfig.connector``.
    """
    folder = _absolute(data or os.environ.get("KITH_DATA")) or _home("XDG_DATA_HOME", ".local/share")
    file = place_of(path)
    text = _text(file)
    if text is None:
        if must_exist or path is not None:
            hint = "write one: config.example.toml shows every setting"
            raise ConfigError("there is no configuration", hint, str(file))
        return Config(None, folder)
    import tomllib  # 3 ms, for whoever has a file

    place = Place(file, text)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise _bad_toml(wrong, file, text) from None
    said = Config(file, folder, **_table(tables, place, _CONFIG))
    usual = {name: value for name in ("region", "zone") if (value := getattr(said.me, name))}
    return replace(said, sources=tuple(replace(source, usual=usual) for source in said.sources)) if usual else said


def place_of(path: Path | None = None) -> Path:
    """Where the configuration stands, or would: ``path``, or $KITH_CONFIG, or ``~/.config/kith/config.toml``."""
    return _absolute(path or os.environ.get("KITH_CONFIG")) or _home("XDG_CONFIG_HOME", ".config") / "config.toml"


def _absolute(path: Path | str | None) -> Path | None:
    return Path(os.path.abspath(os.path.expanduser(path))) if path else None


def _home(variable: str, folder: str) -> Path:
    """The folder of kith below what the XDG base directory specification names; a relative path there is ignored."""
    base = os.environ.get(variable, "")
    if not os.path.isabs(base):
        home = os.environ.get("HOME")
        if not home:
            import pwd

            try:
                home = pwd.getpwuid(os.getuid()).pw_dir
            except KeyError:
                hint = "set HOME, or both KITH_CONFIG and KITH_DATA"
                raise ConfigError("this user has no home folder", hint) from None
        base = os.path.join(home, folder)
    return Path(base, "kith")


def _text(file: Path) -> str | None:
    try:
        with open(file, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & 0o022:
                what = f"others may write to it (mode {mode & 0o777:o}), and it names commands that kith runs"
                raise ConfigError(what, f"chmod go-w '{file}'", str(file))
            return opened.read().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as wrong:
        line = wrong.object.count(b"\n", 0, wrong.start) + 1
        raise ConfigError("this line is not UTF-8", "save the file as UTF-8", f"{file}:{line}:1") from None
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else str(wrong)
        raise ConfigError(f"it cannot be read: {reason}", f"see: ls -ld '{file}'", str(file)) from None


def _bad_toml(wrong: Exception, file: Path, text: str) -> ConfigError:
    if isinstance(wrong, RecursionError):
        return ConfigError("it is nested too deeply", "no setting of kith needs that", str(file))
    what, _, place = str(wrong).rpartition(" (at ")
    numbers = [int(word) for word in place.rstrip(")").replace(",", " ").split() if word.isdigit()]
    line, column = numbers if len(numbers) == 2 else (text.count("\n") + 1, len(text) - text.rfind("\n"))
    what = what or place
    return ConfigError(f"this is not TOML: {what[:1].lower()}{what[1:]}", "mend this line", f"{file}:{line}:{column}")


# One check for each table and each value: what was written and its place in, the value for the dataclass out ---------

Check = Callable[[Any, Place], Any]


def _table(value: object, place: Place, checks: Mapping[str, tuple[str, Check]]) -> dict[str, Any]:
    """The fields of a dataclass, by the table that says which key becomes which field, and how it is checked."""
    if not isinstance(value, dict):
        raise place.error(f"{place.keys[-1]!r} is not a table", f"write {place.table}, and its settings below it")
    for key in value:
        if key not in checks:
            raise place.unknown(key, checks)
    return {field: check(value[key], place.at(key)) for key, (field, check) in checks.items() if key in value}


def _str(value: object, place: Place) -> str:
    if not isinstance(value, str) or not value.strip():
        raise place.error(f"{place.keys[-1]} must be a text", f'write it in quotes: {place.keys[-1]} = "…"')
    return value


def _me(value: object, place: Place) -> Me:
    return Me(**_table(value, place, _ME))


def _handles(value: object, place: Place) -> tuple[Handle, ...]:
    if not isinstance(value, list):
        raise place.error("handles must be a list", 'write handles = ["me@example.org", "+49 30 1234567"]')
    return tuple(dict.fromkeys(handle(_str(item, place.at(n)), place.at(n)) for n, item in enumerate(value)))


def handle(text: str, place: Place) -> Handle:
    """The address or number that is written. Raises ConfigError."""
    word = text.strip()
    local, _, domain = word.partition("@")
    if local and domain and "@" not in domain and word.isprintable() and " " not in word:
        return Handle("email", text)
    if word.startswith("+") and not set(word) - set("+0123456789 -./()\u00a0"):
        digits = sum(c.isdigit() for c in word)
        if 6 <= digits <= 15:  # E.164: at most 15
            return Handle("phone", text)
    what = f"{text!r} is neither an e-mail address nor a phone number"
    raise place.error(what, 'write "me@example.org", or a number with its country code, "+49 30 1234567"')


def _region(value: object, place: Place) -> str:
    text = _str(value, place).upper()
    if len(text) != 2 or not (text.isascii() and text.isalpha()):
        raise place.error(f"{value!r} is no region", 'write the two letters of a country, region = "DE"')
    return text


def _zone(value: object, place: Place) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    text = _str(value, place)
    try:
        return ZoneInfo(text).key
    except (LookupError, ValueError, OSError):
        hint = nearest(text, available_timezones()) or 'write one like zone = "Europe/Berlin"'
        raise place.error(f"{text!r} is no time zone", hint) from None


def _cadence(value: object, place: Place) -> Cadence:
    return Cadence(**_table(value, place, _CADENCE))


def _days(value: object, place: Place) -> float | None:
    try:
        length = duration(_str(value, place))
    except ValueError as wrong:
        raise place.error(*_split(wrong)) from None
    return None if length is None else length / timedelta(days=1)


def _tags(value: object, place: Place) -> dict[str, float]:
    if not isinstance(value, dict):
        raise place.error("tags must be a table", 'write tags = { family = "2 weeks" }')
    tags: dict[str, float] = {}
    for written, item in value.items():
        tag, days = written.strip().lower(), _days(item, place.at(written))  # kith tag writes them so, too
        if days is None:
            raise place.at(written).error(f"the tag {written!r} cannot be never", "leave the tag out")
        if not tag or tag in tags:
            raise place.at(written).error(f"the tag {written!r} is empty or there twice", "keep one, with a name")
        tags[tag] = days
    return tags


def _notify(value: object, place: Place) -> Notify:
    return Notify(**_table(value, place, _NOTIFY))


def _store(value: object, place: Place) -> dict[str, Any] | None:
    key: dict[str, Any] | None = _table(value, place, {"key": ("key", _fetched)}).get("key")
    return key


def _fetched(value: object, place: Place) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= {"keyring", "command", "env", "file"}:
        raise place.error(f"{place.keys[-1]} is fetched, in one way", f"write {place.keys[-1]} = {FETCHED}")
    return value


def _words(value: object, place: Place) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise place.error(f"{place.keys[-1]} must be a list of words", 'write command = ["mail", "-s", "kith", "me"]')
    return tuple(_str(item, place.at(n)) for n, item in enumerate(value))


def _bool(value: object, place: Place) -> bool:
    if not isinstance(value, bool):
        raise place.error(f"{place.keys[-1]} must be true or false", f"write {place.keys[-1]} = true")
    return value


def _every(value: object, place: Place) -> float:
    try:
        length = duration(_str(value, place))
    except ValueError as wrong:
        raise place.error(*_split(wrong)) from None
    if length is None or length < timedelta(seconds=1):
        raise place.error(f"a source cannot be polled {value!r}", 'write at least a second: every = "2 minutes"')
    return length.total_seconds()


def _budget(value: object, place: Place) -> float:
    try:
        return size(_str(value, place))
    except ValueError as wrong:
        raise place.error(*_split(wrong)) from None


def _connections(value: object, place: Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_CONNECTIONS:
        what = f"{value!r} is no number of connections"
        raise place.error(what, f"write a number from 1 to {MOST_CONNECTIONS}: connections = {CONNECTIONS}")
    return value


def _split(wrong: ValueError) -> tuple[str, str]:
    what, _, hint = str(wrong).rpartition(": ")
    return what, hint


def _sources(value: object, place: Place) -> tuple[SourceConfig, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise place.error("a source is written in double brackets", "write [[source]], and its settings below it")
    lines = entries(place.text, "source", len(value))
    sources = tuple(_source(item, place.at(n), lines[n]) for n, item in enumerate(value))
    first: dict[str, SourceConfig] = {}
    for n, source in enumerate(sources):
        if (same := first.setdefault(source.name, source)) is not source:
            hint = f"give one of them another name; the first stands in line {same.line}"
            raise place.at(n, "name").error(f"two sources are named {source.name!r}", hint)
    return _of_one_mind(sources)


def _of_one_mind(sources: tuple[SourceConfig, ...]) -> tuple[SourceConfig, ...]:
    """What one source of an account says of its connections holds for all; the least, if several do."""
    said: dict[object, int] = {}
    for one in sources:
        if one.connections is not None and one.account:
            said[one.account] = min(one.connections, said.get(one.account, one.connections))
    if not said:
        return sources  # as nearly always, and no URL has to be looked at
    return tuple(replace(one, connections=said.get(one.account, one.connections)) for one in sources)


def _source(value: dict[str, Any], place: Place, line: int) -> SourceConfig:
    for key, example in {"name": "home-mail", "type": "imap"}.items():
        if key not in value:
            raise place.error(f"this source has no {key}", f'add a line: {key} = "{example}"')
    name = _str(value["name"], place.at("name"))
    odd = set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    if odd or name[0] in "-_" or len(name) > 64:
        what = f"{name!r} cannot be the name of a source"
        raise place.at("name").error(what, "write letters, digits, - and _, and begin with a letter or digit")
    for key in SECRETS:
        if isinstance(value.get(key), str):
            what = f"{key} is written out; a secret is fetched, never stored"
            raise place.at(key).error(what, f"write {key} = {FETCHED}")
    return SourceConfig(
        name=name,
        type=_str(value["type"], place.at("type")),
        every=_every(value["every"], place.at("every")) if "every" in value else EVERY,
        budget=_budget(value["budget"], place.at("budget")) if "budget" in value else None,
        connections=_connections(value["connections"], place.at("connections")) if "connections" in value else None,
        settings={key: item for key, item in value.items() if key not in ("name", "type", *OURS)},
        line=line,
        place=place,
    )


def _rules(value: object, place: Place) -> tuple[Rule, ...]:
    from capture.rules import read  # nobody without rules of their own waits for it

    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise place.error("a rule is written in double brackets", "write [[rule]], and what it names below it")
    return tuple(read(item, place.at(n), n + 1) for n, item in enumerate(value))


_ME = {"name": ("name", _str), "handles": ("handles", _handles), "region": ("region", _region), "zone": ("zone", _zone)}
_NOTIFY = {"command": ("command", _words), "desktop": ("desktop", _bool)}
_CADENCE = {"default": ("default", _days), "tags": ("tags", _tags)}
_CONFIG: dict[str, tuple[str, Check]] = {
    "me": ("me", _me),
    "cadence": ("cadence", _cadence),
    "notify": ("notify", _notify),
    "source": ("sources", _sources),
    "rule": ("rules", _rules),
    "store": ("key", _store),
}
