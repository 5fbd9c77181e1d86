"""The sample household is whole, plausible, and the same every time."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import Interaction
from connectors.contract import said
from connectors.household import CADENCES, OWNER_HANDLES, OWNER_NAME, write
from connectors.maildir import Maildir, MaildirSettings
from tests.servers.dovecot import fingerprint

NOW = datetime(2026, 5, 17, 15, 30, tzinfo=UTC)


@pytest.fixture
def household(tmp_path: Path) -> Path:
    write(tmp_path / "mail", NOW)
    return tmp_path / "mail"


def letters(folder: Path) -> list[Interaction]:
    heard = said(Maildir(MaildirSettings(path=folder)).pull(None))
    assert all(isinstance(observation, Interaction) for observation in heard)
    return [observation for observation in heard if isinstance(observation, Interaction)]


def test_the_same_day_gives_the_same_mailbox_byte_for_byte(household: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", NOW + timedelta(hours=5))
    write(tmp_path / "tomorrow", NOW + timedelta(days=1))
    assert _letters_of(household) == _letters_of(tmp_path / "again")
    assert _letters_of(household) != _letters_of(tmp_path / "tomorrow")


def test_it_is_a_mailbox_of_three_years_that_ends_today(household: Path) -> None:
    heard = letters(household)
    assert 400 <= len(heard) <= 650
    assert len({letter.native_id for letter in heard}) == len(heard)
    moments = sorted(letter.happened_at for letter in heard)
    assert NOW - timedelta(days=3 * 366) < moments[0] < NOW - timedelta(days=1000)
    assert NOW - timedelta(days=3) < moments[-1] <= NOW
    folders = Counter(letter.signals.labels for letter in heard)
    assert set(folders) == {("INBOX",), ("Archive",), ("Sent",)}
    assert all(letter.signals.date_from is None for letter in heard)


def test_there_is_spam_and_it_is_not_read(household: Path) -> None:
    assert len(list((household / ".Spam/cur").iterdir())) > 10
    assert not any("lottery.example" in party.handle.value for letter in letters(household) for party in letter.parties)


def test_what_is_in_sent_is_from_the_owner_and_the_rest_is_not(household: Path) -> None:
    for letter in letters(household):
        senders = {party.handle.value for party in letter.parties if party.role == "from"}
        assert len(senders) == 1
        assert (letter.signals.labels == ("Sent",)) == (senders <= set(OWNER_HANDLES))
    names = {
        party.name for letter in letters(household) for party in letter.parties if party.handle.value in OWNER_HANDLES
    }
    assert names == {OWNER_NAME}


def test_some_two_dozen_people_write_some_from_two_addresses(household: Path) -> None:
    addresses: dict[str | None, set[str]] = {}
    for letter in letters(household):
        if letter.signals.list_id is None and letter.signals.auto_submitted is None:
            for party in letter.parties:
                if party.role == "from" and party.handle.value not in OWNER_HANDLES:
                    addresses.setdefault(party.name, set()).add(party.handle.value)
    assert 24 <= len(addresses) <= 30
    assert {name for name, values in addresses.items() if len(values) > 1} == {"Zoë Müller", "Liam Byrne"}
    assert {"山田 太郎", "Jürgen Example", "Катя Иванова", "Sofía Núñez"} <= set(addresses)


def test_letters_answer_each_other(household: Path) -> None:
    heard = letters(household)
    known = {letter.same_as for letter in heard}
    answers = [letter for letter in heard if letter.answers]
    assert len(answers) > 100
    assert all(letter.answers in known for letter in answers)
    assert all((letter.title or "").startswith("Re: ") for letter in answers)


def test_there_is_what_lies_between_letters(household: Path) -> None:
    signals = [letter.signals for letter in letters(household)]
    lists = Counter(signal.list_id for signal in signals if signal.list_id)
    assert set(lists) == {"weekly.loaf.example", "lindenhof.lists.example"}
    assert min(lists.values()) > 20
    assert sum(signal.auto_submitted == "auto-generated" for signal in signals) > 20
    assert sum(signal.calendar == "invitation" for signal in signals) == 4


def test_half_of_those_with_a_cadence_are_overdue_and_one_friend_is_long_lost(household: Path) -> None:
    last: dict[str | None, datetime] = {}
    for letter in letters(household):
        for party in letter.parties:
            if party.role != "cc" and letter.signals.list_id is None:
                last[party.name] = max(letter.happened_at, last.get(party.name, letter.happened_at))
    overdue = {name for name, cadence in CADENCES.items() if NOW - last[name] > _length(cadence)}
    assert {"Sofía Núñez", "Jürgen Example", "Birgit Sørensen", "山田 太郎"} <= overdue
    assert len(CADENCES) - len(overdue) >= 3
    assert NOW - last["Sofía Núñez"] > timedelta(days=365)


def test_it_does_not_write_into_a_folder_that_holds_something(household: Path) -> None:
    before = fingerprint(household)
    with pytest.raises(FileExistsError):
        write(household, NOW)
    assert fingerprint(household) == before


def test_all_domains_are_reserved_for_examples(household: Path) -> None:
    domains = set()
    for path in household.rglob("*,S=*"):
        domains |= set(re.findall(r"@([a-z0-9.-]+)", path.read_text()))
    assert all(re.search(r"(^|\.)example(\.(org|com|net))?$", domain) for domain in domains), domains


def _letters_of(folder: Path) -> dict[str, tuple[bytes, float]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime) for path in files}


def _length(cadence: str) -> timedelta:
    number, unit = cadence.split()
    return int(number) * timedelta(days={"week": 7, "month": 30}[unit.rstrip("s")])
