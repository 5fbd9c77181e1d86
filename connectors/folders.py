"""What a mail folder is for, by its flags or its name: shared by everything that reads mail folders.

A server that speaks SPECIAL-USE (RFC 6154) says which folder holds sent mail, drafts, spam and trash. Many servers do
not, and no Maildir does, so the last segment of the name is looked up in the words that mail programs use for these
folders in many languages. Names are compared without case, accents, hyphens and underscores.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

FolderRole = Literal["inbox", "sent", "drafts", "trash", "spam", "all", "archive"]

NEVER_READ: frozenset[FolderRole] = frozenset({"drafts", "trash", "spam"})
"""Folders of these roles are never read: what is in them did not happen between people."""

_FLAGS: dict[str, FolderRole] = {
    "\\trash": "trash",
    "\\junk": "spam",
    "\\spam": "spam",
    "\\drafts": "drafts",
    "\\sent": "sent",
    "\\all": "all",
    "\\allmail": "all",
    "\\archive": "archive",
    "\\inbox": "inbox",
}
"""RFC 6154 section 2, and the older words of XLIST. Where a folder has two, the first of this table wins."""

_NAMES: dict[FolderRole, str] = {
    "inbox": "INBOX",
    "sent": """Sent|Sent Items|Sent Messages|Sent Mail|Sent Objects|Sent Emails
        Gesendet|Gesendete|Gesendete Objekte|Gesendete Elemente|Gesendete Nachrichten|Gesendete E-Mails|Gesendete Mails
        Envoyés|Envoyé|Éléments envoyés|Messages envoyés|Courrier envoyé|Courriers envoyés|Objets envoyés
        Enviados|Enviado|Elementos enviados|Mensajes enviados|Correo enviado|Correos enviados
        Itens enviados|Mensagens enviadas|E-mails enviados|E-mail enviado|Enviadas|Elements enviats|Enviats
        Inviata|Inviati|Inviate|Posta inviata|Elementi inviati|Messaggi inviati
        Verzonden|Verzonden items|Verzonden berichten|Verzonden objecten|Verzonden e-mail
        Skickat|Skickade|Skickade objekt|Skickade meddelanden|Skickad e-post
        Sendt|Sendte|Sendt post|Sendte elementer|Sendte meddelelser|Sendt mail|Sendte e-mails|Sendt e-post
        Lähetetyt|Lähetetyt viestit|Lähetetty
        Wysłane|Elementy wysłane|Wysłane wiadomości|Poczta wysłana
        Odeslané|Odeslaná pošta|Odeslané zprávy|Odeslané položky|Odoslané|Odoslaná pošta
        Отправленные|Отправленное|Исходящие|Отправленные элементы|Надіслані|Відправлені|Надіслані елементи
        Gönderilmiş|Gönderilenler|Gönderilmiş Öğeler|Gönderilmiş Postalar|Gönderilen
        Elküldött|Elküldött elemek|Elküldött üzenetek|Trimise|Elemente trimise|Mesaje trimise|Poslano|Poslane
        Απεσταλμένα|Σταλμένα|Απεσταλμένα στοιχεία|Изпратени|Послато
        送信済み|送信済みメール|送信済みアイテム|送信済みトレイ|送信箱|已发送|已发送邮件|已发邮件|已发送的邮件|发件箱
        已傳送|寄件備份|已傳送的郵件|寄件匣備份|已寄送郵件|보낸편지함|보낸 편지함|보낸메일함|보낸 메일함|보낸 항목
        Terkirim|Item Terkirim|Đã gửi|Thư đã gửi|ส่งแล้ว|จดหมายที่ส่งแล้ว|נשלח|דואר שנשלח|פריטים שנשלחו|المرسل
        البريد المرسل|المرسلة""",
    "drafts": """Drafts|Draft|Draft Messages|Templates|Unsent Messages
        Entwürfe|Entwurf|Vorlagen|Brouillons|Brouillon|Modèles|Borradores|Borrador|Plantillas|Esborranys
        Bozze|Bozza|Rascunhos|Rascunho|Concepten|Sjablonen
        Utkast|Utkaster|Kladder|Kladde|Udkast|Skabeloner|Luonnokset|Luonnos
        Kopie robocze|Wersje robocze|Szkice|Robocze|Koncepty|Rozepsané|Rozpracované
        Черновики|Черновик|Чернетки|Taslaklar|Taslak|Piszkozatok|Ciorne|Schițe|Nacrti|Osnutki|Πρόχειρα|Чернови
        下書き|草稿|草稿箱|草稿夹|草稿匣|임시보관함|임시 보관함|초안|Draf|Thư nháp|ฉบับร่าง|ร่างจดหมาย|טיוטות
        المسودات|مسودات""",
    "trash": """Trash|Deleted|Deleted Items|Deleted Messages|Deleted Mail|Bin|Rubbish|Wastebasket|Recycle Bin
        Papierkorb|Gelöscht|Gelöschte Elemente|Gelöschte Objekte|Gelöschte Nachrichten|Gelöschte E-Mails|Müll
        Corbeille|Éléments supprimés|Messages supprimés|Supprimés|Poubelle
        Papelera|Papelera de reciclaje|Elementos eliminados|Mensajes eliminados|Eliminados|Correo eliminado|Paperera
        Cestino|Posta eliminata|Elementi eliminati|Messaggi eliminati|Eliminata
        Lixeira|Lixo|Itens excluídos|Itens eliminados|Mensagens excluídas|Mensagens eliminadas|Excluídos|Reciclagem
        Prullenbak|Prullenmand|Verwijderde items|Verwijderde berichten|Verwijderd
        Papperskorgen|Papperskorg|Borttagna objekt|Borttaget|Borttagna|Raderat|Raderade meddelanden
        Papirkurv|Papirkurven|Slettet|Slettet post|Slettede|Slettede elementer|Slettede e-mails|Søppel|Søppelkurv
        Roskakori|Poistetut|Poistetut viestit
        Kosz|Elementy usunięte|Usunięte|Usunięte wiadomości|Koš|Odstraněná pošta|Odstraněné|Smazané|Kôš|Odstránené
        Корзина|Удаленные|Удалённые|Удаленные элементы|Кошик|Видалені|Видалені елементи
        Çöp|Çöp Kutusu|Çöp Sepeti|Silinmiş|Silinmiş Öğeler|Silinenler
        Kuka|Lomtár|Törölt elemek|Törölt|Coș de gunoi|Elemente șterse|Gunoi|Smeće|Κάδος|Κάδος απορριμμάτων
        Διαγραμμένα|Кошче
        ゴミ箱|ごみ箱|削除済み|削除済みアイテム|削除済みメール|已删除|已删除邮件|已删除的邮件|废件箱|垃圾箱|回收站
        已刪除|已刪除的郵件|刪除的郵件|刪除郵件|垃圾桶|휴지통|지운편지함|지운 편지함|삭제된 항목
        Sampah|Item Dihapus|Thùng rác|Thư đã xóa|ถังขยะ|אשפה|פריטים שנמחקו|סל המיחזור|المهملات|سلة المهملات
        المحذوفات""",
    "spam": """Spam|Junk|Junk Mail|Junk E-mail|Junk Email|Bulk|Bulk Mail|Spam Mail|Probably Spam|Quarantine
        Spamverdacht|Spam-Verdacht|Unerwünscht|Unerwünschte Werbung
        Courrier indésirable|Indésirables|Indésirable|Pourriel|Pourriels
        Correo no deseado|No deseado|Correo basura|Correu brossa|Posta indesiderata|Indesiderata|Posta spazzatura
        Lixo eletrônico|Lixo eletrónico|Correio eletrónico não solicitado|Ongewenste e-mail|Ongewenst|Ongewenste reclame
        Skräppost|Skräp|Søppelpost|Uønsket|Uønsket e-post|Uønsket mail|Uønsket post|Roskaposti|Roskapostit
        Wiadomości-śmieci|Niechciane|Wiadomości śmieci|Nevyžádaná pošta|Nevyžádané|Nevyžiadaná pošta
        Спам|Нежелательная почта|Сомнительные|Небажана пошта|Небажана електронна пошта
        Gereksiz|Gereksiz E-posta|Önemsiz|Önemsiz E-posta|İstenmeyen|İstenmeyen Posta|Levélszemét|Neželjena pošta
        Ανεπιθύμητα|Ανεπιθύμητη αλληλογραφία|Нежелана поща
        迷惑メール|スパム|垃圾邮件|垃圾郵件|垃圾信件|广告邮件|스팸|스팸메일함|스팸함|스팸 메일함|정크|정크 메일|정크메일
        Thư rác|สแปม|จดหมายขยะ|ספאם|דואר זבל|דואר אלקטרוני זבל|البريد العشوائي|بريد مزعج|البريد غير الهام""",
    "archive": """Archive|Archives|Archived|Archiv|Archivo|Archivos|Archivado|Archivio|Arquivo|Arquivados|Archief
        Arkiv|Arkiverat
        Arkisto|Archiwum|Archív|Архив|Архів|Arşiv|Archívum|Arhivă|Arhiva|Αρχείο|Αρχειοθήκη
        アーカイブ|归档|存档|封存|보관|보관함|보관편지함|Arsip|Lưu trữ|ארכיון|أرشيف|الأرشيف""",
}

_NAMES_UNDER_GMAIL = """All Mail|Alle Nachrichten|Tous les messages|Todos|Todo|Tot el correu|Tutti i messaggi
    Todos os e-mails|Todo o correio|Alle berichten|Alle e-mail|Alla mail|Alla mejl|All e-post|Al e-mail
    Alle mails|Alle e-mails|Kaikki viestit|Wszystkie|Všechny zprávy|Všetky správy|Вся почта|Уся пошта|Вся пошта
    Tüm Postalar|Összes levél|Toate mesajele|Όλα τα μηνύματα|すべてのメール|所有邮件|所有郵件|全部郵件
    전체보관함|Semua Email|Tất cả thư|จดหมายทั้งหมด|כל הדואר|كل البريد|كافة الرسائل"""
"""These words also name folders of people's own: they mean all mail under [Gmail] alone."""

_LIKE_ASCII = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "đ": "d", "ı": "i", "-": " ", "_": " "})


def _plain(word: str) -> str:
    """The form that two spellings of one folder name have in common."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LIKE_ASCII).split())


@lru_cache(maxsize=1)
def _roles() -> tuple[dict[str, FolderRole], frozenset[str]]:
    """Plain name to role, and the plain names that mean all mail under [Gmail]."""
    roles: dict[str, FolderRole] = {}
    for role, words in _NAMES.items():
        for word in re.split(r"\||\n", words):
            roles.setdefault(_plain(word), role)
    return roles, frozenset(_plain(word) for word in re.split(r"\||\n", _NAMES_UNDER_GMAIL))


def role_of(name: str, flags: Iterable[str | bytes] = ()) -> FolderRole | None:
    """What the folder is for, or None for a folder of the user's own.

    ``flags`` are those of its LIST response and decide if one of them is a special use. Else the last segment of the
    decoded ``name`` does; "/" and "." both separate segments here, since servers use either.
    """
    said = {flag.decode("ascii", "replace").lower() if isinstance(flag, bytes) else flag.lower() for flag in flags}
    for flag, role in _FLAGS.items():
        if flag in said:
            return role
    roles, under_gmail = _roles()
    above, _, last = name.rpartition("/")
    if _plain(above) in ("[gmail]", "[google mail]") and _plain(last) in under_gmail:
        return "all"
    return roles.get(_plain(last)) or roles.get(_plain(last.rpartition(".")[2]))


def is_read(name: str, flags: Iterable[str | bytes] = (), exclude: Iterable[str] = ()) -> bool:
    """Whether mail in this folder is read: not if it or a folder above it is spam, trash or drafts, or is excluded.

    ``name`` is decoded, with "/" between its segments; ``exclude`` is as in ``is_among``.
    """
    if role_of(name, flags) in NEVER_READ or is_among(name, exclude):
        return False
    return not any(role_of(folder) in NEVER_READ for folder in _above(name))


def is_among(name: str, patterns: Iterable[str]) -> bool:
    """Whether the folder, or one that it is in, fits one of the patterns.

    Case and accents do not matter; ``*`` and ``?`` stand for anything, brackets for themselves ("[Gmail]/Important").
    """
    wanted = [_plain(pattern).replace("[", "[[]") for pattern in patterns]
    return any(fnmatchcase(_plain(folder), pattern) for folder in (name, *_above(name)) for pattern in wanted)


def _above(name: str) -> list[str]:
    """The folders that a folder is in."""
    return [name[: slash.start()] for slash in re.finditer("/", name)]


def decode_name(raw: str) -> str:
    """The name that a modified UTF-7 folder name stands for (RFC 3501 section 5.1.3); as it is if it is not valid."""
    if "&" not in raw or not raw.isascii():
        return raw

    def shifted(match: re.Match[str]) -> str:
        code = match[1].replace(",", "/")
        return base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode("utf-16-be") if code else "&"

    if re.sub(r"&[A-Za-z0-9+,]*-", "", raw).count("&"):
        return raw
    try:
        return re.sub(r"&([A-Za-z0-9+,]*)-", shifted, raw)
    except (binascii.Error, UnicodeDecodeError):
        return raw
