"""Which folders are sent mail, and which are never read."""

from __future__ import annotations

import base64

import pytest

from connectors.folders import FolderRole, decode_name, is_read, role_of
from connectors.imap import Folders
from connectors.imap_folders import chosen
from connectors.imap_replies import Listed


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("INBOX", "inbox"),
        ("inbox", "inbox"),
        *((name, "sent") for name in ("Sent", "INBOX.Sent", "INBOX/Sent Items", "sent-mail", "[Gmail]/Sent Mail")),
        *(
            (name, "sent")
            for name in ("Gesendet", "Gesendete Objekte", "Envoyés", "Éléments envoyés", "elements envoyes")
        ),
        *((name, "sent") for name in ("Enviados", "Inviata", "Verzonden", "Skickat", "Wysłane", "wyslane", "Sendt")),
        *(
            (name, "sent")
            for name in ("Отправленные", "Надіслані", "送信済み", "已发送", "보낸편지함", "Gönderilmiş Öğeler")
        ),
        *((name, "sent") for name in ("Lähetetyt", "Odeslané", "E\u0301le\u0301ments envoye\u0301s")),
        *(
            (name, "drafts")
            for name in ("Drafts", "Entwürfe", "ENTWÜRFE", "Brouillons", "Bozze", "下書き", "Kopie robocze")
        ),
        *(
            (name, "trash")
            for name in ("Trash", "Deleted Items", "Papierkorb", "[Gmail]/Papierkorb", "Corbeille", "ゴミ箱")
        ),
        *((name, "trash") for name in ("[Google Mail]/Bin", "Корзина", "Çöp Kutusu", "已删除邮件", "Koš", "휴지통")),
        *((name, "spam") for name in ("Spam", "Junk", "Junk-E-Mail", "Junk E-mail", "Courrier indésirable", "Спам")),
        *((name, "spam") for name in ("迷惑メール", "垃圾邮件", "Skräppost", "Ongewenste e-mail", "스팸메일함")),
        *(
            (name, "all")
            for name in ("[Gmail]/All Mail", "[Gmail]/Alle Nachrichten", "[Google Mail]/Tous les messages")
        ),
        *((name, "archive") for name in ("Archive", "Archiv", "Архив", "アーカイブ")),
        *((name, None) for name in ("Projekte", "Archive/2020", "Sent to the museum", "Alle Nachrichten", "Todos", "")),
        *((name, None) for name in ("Trash/Kept", "Concept", "Presents")),
    ],
)
def test_a_name_tells_what_a_folder_is_for(name: str, role: FolderRole | None) -> None:
    assert role_of(name) == role


def test_a_special_use_flag_is_stronger_than_the_name() -> None:
    assert role_of("Sent", (b"\\HasNoChildren", b"\\Junk")) == "spam"
    assert role_of("Kontor", ("\\sent",)) == "sent"
    assert role_of("[Gmail]/Whatever", (b"\\All",)) == "all"
    assert role_of("Sent", (b"\\HasNoChildren", b"\\Marked")) == "sent"


def test_spam_trash_drafts_and_what_lies_below_them_is_not_read() -> None:
    assert [is_read(name) for name in ("INBOX", "Sent", "Archive/2020", "Projekte/Küche")] == [True] * 4
    assert [is_read(name) for name in ("Spam", "Papierkorb", "Trash/2019/May", "Entwürfe")] == [False] * 4
    assert not is_read("Kontor", (b"\\Trash",))


def test_an_excluded_folder_is_not_read_nor_what_lies_below_it() -> None:
    exclude = ("Archive", "projekte/kuche", "Lists/*", "[Gmail]/Important")
    out = ("Archive", "Archive/2020", "Projekte/Küche", "Lists/Cats", "Lists/Cats/Old", "[Gmail]/Important")
    assert [is_read(name, exclude=exclude) for name in out] == [False] * 6
    assert [is_read(name, exclude=exclude) for name in ("Archives", "Projekte", "INBOX", "Lists")] == [True] * 4


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Entw&APw-rfe", "Entwürfe"),
        ("A&-B", "A&B"),
        ("&ZeVnLIqe-", "日本語"),
        ("&2Dzfdg-", "🍶"),
        ("Plain", "Plain"),
        ("R&D", "R&D"),
        ("R&D &APw-", "R&D &APw-"),
        ("&A-", "&A-"),
        ("Küche & Bad", "Küche & Bad"),
    ],
)
def test_names_in_modified_utf7_are_decoded_and_others_stay(raw: str, name: str) -> None:
    assert decode_name(raw) == name


def test_names_with_brackets_and_joiners_are_names_on_a_server_too() -> None:
    names = ["[Private]", "[Private]/Old", "Kollegen [alt]", "Famille \U0001f468\u200d\U0001f469", "Projets\u00a02026", "a\nb"]
    listed = [Listed(encoded(name), "/", ()) for name in names]
    folders, refused = chosen(listed, Folders(exclude=("[private]", "kollegen [ALT]")), gmail=False)
    assert {folder.name for folder in folders} == {names[3], names[4]}
    assert list(refused) == ["a\\nb"]


def encoded(name: str) -> bytes:
    """In modified UTF-7 (RFC 3501 section 5.1.3), all of it."""
    return b"&" + base64.b64encode(name.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",") + b"-"
