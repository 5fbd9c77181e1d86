"""The words that calendar programs put before the title of an event in a Subject, in the common languages.

A table and not a rule: what is not in it is taken for mail that somebody wrote. Known by the part before the colon,
lower case. German "Abgesagt" is both a refusal and a cancellation.
"""

from __future__ import annotations

import re

_METHOD = re.compile(r";\s{0,9}method\s{0,3}=\s{0,3}[\"']?(\w{1,20})", re.IGNORECASE)
_METHODS = {
    "REQUEST": "invitation", "ADD": "invitation", "REPLY": "answer", "COUNTER": "answer", "CANCEL": "cancellation",
}  # fmt: skip

_INVITATION = """
    invitation|updated invitation|invitation with note|updated invitation with note|meeting forward notification|
    einladung|aktualisierte einladung|invitación|invitación actualizada|invitation mise à jour|invitation modifiée|
    invito|invito aggiornato|convite|convite atualizado|uitnodiging|bijgewerkte uitnodiging|inbjudan|
    uppdaterad inbjudan|opdateret invitation|invitasjon|oppdatert invitasjon|kutsu|zaproszenie|
    zaktualizowane zaproszenie|pozvánka|meghívó|davet|приглашение|招待|邀请|邀請|초대|초대장
"""
_ANSWER = """
    accepted|declined|tentative|tentatively accepted|maybe|new time proposed|
    zugesagt|angenommen|abgelehnt|mit vorbehalt|mit vorbehalt zugesagt|unter vorbehalt|vorläufig zugesagt|
    aceptado|aceptada|rechazado|rechazada|provisional|provisionalmente aceptado|quizás|
    accepté|acceptée|refusé|refusée|décliné|provisoire|provisoirement accepté|peut-être|
    accettato|accettata|rifiutato|rifiutata|provvisorio|aceito|aceite|recusado|provisório|
    geaccepteerd|geweigerd|afgewezen|voorlopig|voorlopig geaccepteerd|accepterat|avböjt|preliminärt|
    accepteret|afvist|foreløbig|godtatt|avslått|hyväksytty|hylätty|alustava|
    zaakceptowano|odrzucono|wstępnie|přijato|odmítnuto|elfogadva|elutasítva|kabul edildi|reddedildi|
    принято|отклонено|под вопросом|承諾|辞退|仮承諾|已接受|已拒绝|暂定|수락|수락함|거절|거절됨|미정
"""
_CANCELLATION = """
    canceled|cancelled|canceled event|cancelled event|canceled event with note|cancelled event with note|
    abgesagt|abgesagter termin|termin abgesagt|storniert|cancelado|cancelada|evento cancelado|
    annulé|annulée|événement annulé|annullato|annullata|evento annullato|geannuleerd|geannuleerde afspraak|
    inställt|aflyst|avlyst|peruutettu|odwołano|anulowano|zrušeno|törölve|iptal edildi|отменено|
    キャンセル済み|已取消|취소됨
"""

_KINDS = {
    word.strip(): kind
    for kind, words in (("invitation", _INVITATION), ("answer", _ANSWER), ("cancellation", _CANCELLATION))
    for word in " ".join(words.split()).split("|")
}
_LONGEST = max(map(len, _KINDS))


def kind(title: str | None) -> str | None:
    """ "invitation", "answer" or "cancellation" if a calendar program wrote this Subject, else None.

    With "Re:" or "Fwd:" before it somebody wrote it.
    """
    if title is None:
        return None
    head, colon, _ = title[: _LONGEST + 3].partition(":")
    if not colon:
        head, colon, _ = head.partition("：")
        if not colon:
            return None
    return _KINDS.get(head.strip().lower())


def by_content(content_type: str, content_class: str) -> str | None:
    """What kind of calendar mail the Content-Type (RFC 6047) or Microsoft's Content-Class says it is."""
    if content_type[:13].lower() == "text/calendar":
        method = _METHOD.search(content_type, 0, 2000)
        return _METHODS.get(method[1].upper()) if method else None
    return "invitation" if "calendarmessage" in content_class.lower() else None
