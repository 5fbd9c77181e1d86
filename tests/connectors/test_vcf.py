"""Address books in files: the contract, and what is special about cards."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from connectors import file_listing
from connectors.base import Card, Connector, Gone, Unreadable
from connectors.contract import ConnectorContract, World, pages, said
from connectors.resources import mark
from connectors.vcf import Vcf, VcfSettings
from tests.servers.dovecot import fingerprint

NOW = 1_770_000_000
_numbers = count(1)


def card(number: int, *lines: str) -> str:
    return "\r\n".join(
        [
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"UID:{number}",
            f"FN:Person {number}",
            f"EMAIL:p{number}@example.org",
            *lines,
            "END:VCARD",
            "",
        ]
    )


def put(path: Path, text: str, at: float = NOW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    os.utime(path, (at, at))
    return path


class Book(World):
    """A vdir, as vdirsyncer writes one: a folder for each address book, a file for each card."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("private", "work"):
            put(folder / name / "displayname", name)

    def connector(self) -> Connector:
        return Vcf(VcfSettings(path=self.folder))

    def add(self, count: int) -> None:
        for _ in range(count):
            number = next(_numbers)
            put(self.folder / ("private" if number % 2 else "work") / f"{number}.vcf", card(number), NOW - number)

    def spoil(self) -> None:
        put(self.folder / "work" / "bad.vcf", "\0 nothing of a card")

    def fingerprint(self) -> str:
        return fingerprint(self.folder)


class TestVcfContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Book:
        return Book(tmp_path / "contacts")


class OneFile(Book):
    """An export: all cards in one file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = put(folder / "all.vcf", "")
        self.text = ""

    def connector(self) -> Connector:
        return Vcf(VcfSettings(path=self.file))

    def add(self, count: int) -> None:
        self.text += "".join(card(next(_numbers)) for _ in range(count))
        put(self.file, self.text)


def test_one_file_with_many_cards_is_said_in_pages_that_can_be_stopped_after(tmp_path: Path) -> None:
    world = OneFile(tmp_path)
    assert said(pages(world)) == []
    world.add(650)
    whole = pages(world)
    assert [len(page.observations) for page in whole] == [200, 400, 50]
    for stop in (1, 2, 3):
        assert said([*whole[:stop], *pages(world, whole[stop - 1].cursor)]) == said(whole)


def test_a_card_that_changed_is_withdrawn_and_said_in_one_page(tmp_path: Path) -> None:
    book = Book(tmp_path)
    path = put(tmp_path / "work/1.vcf", card(1) + card(2))
    put(tmp_path / "work/3.vcf", card(3))
    first = pages(book)
    put(path, card(1, "TITLE:Cook"), NOW + 10)
    [page] = pages(book, first[-1].cursor)
    gone, [one] = page.observations[0], page.observations[1:]
    assert gone == Gone(f"{mark('work/1.vcf')}/")
    assert isinstance(one, Card)
    assert (one.native_id, one.title) == (f"{mark('work/1.vcf')}/1", "Cook")
    path.unlink()
    assert said(pages(book, page.cursor)) == [gone]


def test_a_new_revision_of_the_same_words_says_nothing(tmp_path: Path) -> None:
    book = Book(tmp_path)
    path = put(tmp_path / "1.vcf", card(1, "REV:20260101T000000Z"))
    first = pages(book)
    put(path, card(1, "REV:20260201T000000Z"), NOW + 10)
    assert said(pages(book, first[-1].cursor)) == []


def test_another_region_reads_the_numbers_anew(tmp_path: Path) -> None:
    put(tmp_path / "1.vcf", card(1, "TEL:030 1234567"))
    numbers = []
    cursor = None
    for region in (None, "DE", "AT"):
        heard = list(Vcf(VcfSettings(path=tmp_path, region=region)).pull(cursor))
        cursor = heard[-1].cursor
        numbers += [str(handle.handle.value) for item in said(heard) if isinstance(item, Card) for handle in item.handles[1:]]
    assert numbers == ["0301234567", "+49301234567", "+43301234567"]


def test_a_large_file_is_read_if_most_of_it_is_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_listing, "MOST_BYTES", 10_000)
    photo = "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUJD" * 5_000
    put(tmp_path / "pictures.vcf", "".join(card(n, photo) for n in range(50)))
    put(tmp_path / "words.vcf", "".join(card(n, "NOTE:" + "word " * 50) for n in range(50, 100)), NOW - 1)
    heard = said(pages(Book(tmp_path)))
    assert [item.name for item in heard if isinstance(item, Card)] == [f"Person {n}" for n in range(50)]
    [large] = [item for item in heard if isinstance(item, Unreadable)]
    assert large.native_id == f"{mark('words.vcf')}/"
    assert "larger" in large.reason
