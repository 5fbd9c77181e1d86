"""What can be wrong with the database file, said for people."""

from __future__ import annotations


class StoreError(Exception):
    """Something is wrong with the database file, said for people: ``what``, and ``hint``, what mends it."""

    exit_code = 74

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Busy(StoreError):
    """Another process holds the file, and went on holding it for as long as we waited."""

    exit_code = 75


class Missing(StoreError):
    """There is no file yet."""

    exit_code = 1


class Broken(StoreError):
    """The file, or its log, is not one that DuckDB can read."""


class LogRefused(Broken):
    """The file is well as far as it was written; its log, the last moments before a crash, is not one that can be read."""


class Locked(StoreError):
    """The file is encrypted, and the key is not there or another one."""

    exit_code = 78


class Full(StoreError):
    """There is no room on the disk, or too little of it."""


class Newer(StoreError):
    """The file was written by a later kith."""
