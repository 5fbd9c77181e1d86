"""Which connectors there are, by the name that stands as ``type`` in the configuration.

A type is a built-in name, a name that an installed package registered as an entry point of the group
``kith.connectors``, or ``module:Class``. Nothing is imported before somebody asks for it by name: a command that only
recalls pays for no protocol library, and a broken connector of somebody else's is that one source's error.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from connectors.base import Connector

BUILT_IN = {
    "imap": "connectors.imap:Imap",
    "caldav": "connectors.caldav:CalDav",
    "carddav": "connectors.carddav:CardDav",
    "maildir": "connectors.maildir:Maildir",
    "eml": "connectors.maildir:Eml",
    "ics": "connectors.ics:Ics",
    "vcf": "connectors.vcf:Vcf",
    "mbox": "connectors.mbox:Mbox",
}
GROUP = "kith.connectors"


class UnknownType(Exception):
    """No connector can be had by this name: ``what`` is wrong, and ``hint``, what mends it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Known(TypedDict):
    """A type that this installation knows: its ``settings`` by name, and those of them that it ``needs``."""

    type: str
    title: str
    settings: list[str]
    needs: list[str]


def find(name: str, beside: Path | None = None) -> type[Connector]:
    """The connector class of a type.

    The module of ``module:Class`` may also be one file in the folder ``beside``, where the configuration is, so that a
    connector of one's own needs no packaging. Raises UnknownType where there is no such type, or where it cannot be
    imported or is no connector.
    """
    return _load(name, place_of(name), beside if ":" in name else None)


def place_of(name: str) -> str:
    """The ``module:Class`` of a type, which is not looked for there: nothing is imported. Raises UnknownType."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if ":" in name:
        return name
    points = _entry_points()
    if name in points:
        return points[name].value
    raise UnknownType(f"there is no source type {name!r}", _nearest(name, [*BUILT_IN, *points]))


def known() -> list[Known]:
    """Every built-in and registered type, by name; the title of one that cannot be imported says so."""
    places = {name: point.value for name, point in _entry_points().items()} | BUILT_IN
    return [_row(name, places[name]) for name in sorted(places)]


def _row(name: str, place: str) -> Known:
    try:
        found = _load(name, place)
    except UnknownType as unknown:
        return Known(type=name, title=f"cannot be used: {unknown.what}", settings=[], needs=[])
    title = (found.__doc__ or name).strip().splitlines()[0].rstrip(".")
    fields = {field.alias or key: field for key, field in found.Settings.model_fields.items()}
    needs = [key for key, field in fields.items() if field.is_required()]
    return Known(type=name, title=title, settings=list(fields), needs=needs)


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _load(name: str, place: str, beside: Path | None = None) -> type[Connector]:
    module, _, attribute = place.partition(":")
    if not all(part.isidentifier() for part in module.split(".")) or not attribute.isidentifier():
        raise UnknownType(f"{name!r} names no class", 'write "module:Class", as in "calls:Calls"')
    if beside is not None and module not in sys.modules:
        _import_beside(name, module, beside)
    try:
        found = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as broken:
        # Whatever the code of others does on import: one source stands still, and kith goes on.
        what = f"the connector {name!r} cannot be imported: {type(broken).__name__}: {broken}"
        raise UnknownType(what, _import_hint(module, beside)) from broken
    if not _is_connector(found):
        what = f"{place} is no connector"
        raise UnknownType(what, "a connector is a class with Settings, a pydantic model, and a method pull(cursor)")
    return found  # type: ignore[no-any-return]


def _import_beside(name: str, module: str, folder: Path) -> None:
    """Imports ``folder/module.py``, if there is that file and no installed module of this name."""
    from importlib.util import find_spec, module_from_spec, spec_from_file_location

    file = folder / f"{module}.py"
    if "." in module or not file.is_file() or find_spec(module) is not None:
        return
    for path in (file, folder):
        if path.stat().st_mode & 0o022:
            raise UnknownType(f"others may write to {path}, and kith would run what they write", f"chmod go-w '{path}'")
    spec = spec_from_file_location(module, file)
    if spec is None or spec.loader is None:
        return
    loaded = sys.modules[module] = module_from_spec(spec)
    try:
        spec.loader.exec_module(loaded)
    except (Exception, SystemExit) as broken:
        del sys.modules[module]
        line = _line(broken, os.fspath(file))
        what = f"the connector {name!r} is broken: {type(broken).__name__}: {broken}"
        raise UnknownType(what, f"mend {file}{line}") from broken


def _line(broken: BaseException, file: str) -> str:
    """ ":12", the last line of ``file`` that the error came through, or nothing."""
    line, trace = getattr(broken, "lineno", None), broken.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f":{line}" if line else ""


def _import_hint(module: str, beside: Path | None) -> str:
    if beside is not None:
        return f"install the package that brings {module}, or save it as {beside / module.split('.')[0]}.py"
    return f"see: {sys.executable} -c 'import {module}'"


def _is_connector(found: object) -> bool:
    from pydantic import BaseModel

    settings = getattr(found, "Settings", None)
    good = isinstance(settings, type) and issubclass(settings, BaseModel)
    return isinstance(found, type) and good and callable(getattr(found, "pull", None))


def _nearest(name: str, types: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), types, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f'known: {", ".join(sorted(types))}; a connector of one\'s own is written "module:Class"'
