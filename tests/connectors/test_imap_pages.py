"""Pages and cursors of IMAP servers that are odd or that lie: nothing is lost, and nothing is said that is not so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connectors.base import Gone, Interaction, NeedsHuman, TryLater
from tests.servers.scripted_imap import (
    Mailbox,
    Script,
    Serve,
    Talk,
    boxes,
    fails,
    fetched,
    ids,
    mail,
    pull,
    some,
    unreadable,
)

# Pages and cursors


def test_the_newest_of_every_folder_comes_first_then_sent_mail_to_its_beginning(serve: Serve) -> None:
    counts = {b"INBOX": 700, b"Archive": 300, b"Sent": 500}
    server = serve(Script(boxes=boxes(counts), capabilities="IMAP4rev1 LIST-EXTENDED LIST-STATUS"))
    pages = pull(server)
    labels = [{o.signals.labels for o in page.observations if isinstance(o, Interaction)} for page in pages]
    order = [label for some in labels for (label,) in some]
    assert order == ["Sent", "INBOX", "Archive", "Sent", "INBOX", "INBOX", "Archive"]
    assert len(set(ids(pages))) == 1500
    assert [page.left for page in pages] == [1300, 1100, 900, 600, 200, 100, 0]
    assert ids(pages)[0].startswith("1500@")


def test_a_folder_of_few_messages_in_a_wide_range_of_uids_costs_few_commands(serve: Serve) -> None:
    uids = [1, 70_000, 4_000_000_000, 4_294_967_295]
    server = serve(Script(boxes={b"INBOX": Mailbox({uid: mail(n) for n, uid in enumerate(uids)}, next=4_294_967_295)}))
    assert len(ids(pull(server))) == 4
    assert sum(b"FETCH" in line for line in server.lines) == 1


def test_lines_stay_short_where_every_second_message_is_gone(serve: Serve) -> None:
    messages = {uid: mail(uid) for uid in range(1_000_000_001, 1_000_010_000, 2)}
    server = serve(Script(boxes={b"INBOX": Mailbox(messages)}))
    assert len(set(ids(pull(server)))) == len(messages)
    assert max(map(len, server.lines)) < 8000


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 ESEARCH LIST-EXTENDED LIST-STATUS"])
def test_news_of_several_pages_may_be_left_after_any_of_them(serve: Serve, capabilities: str) -> None:
    script = some(5, capabilities)
    server = serve(script)
    cursor = pull(server)[-1].cursor
    script.boxes[b"INBOX"].messages |= {uid: mail(uid) for uid in range(6, 706)}
    whole = pull(server, cursor)
    assert [page.left for page in whole] == [500, 100, 0]
    for stop in range(1, len(whole) + 1):
        rest = pull(server, whole[stop - 1].cursor)
        assert sorted(ids(whole[:stop] + rest)) == sorted(f"{uid}@example.org" for uid in range(6, 706))


def test_a_new_uidvalidity_reads_the_folder_again(serve: Serve) -> None:
    script = some(300)
    server = serve(script)
    before = pull(server)
    script.boxes[b"INBOX"] = Mailbox({uid + 50: block for uid, block in script.boxes[b"INBOX"].messages.items()}, 8)
    assert sorted(ids(pull(server, before[-1].cursor))) == sorted(ids(before))


def test_a_server_put_back_from_a_backup_loses_no_new_mail(serve: Serve) -> None:
    """Its UIDVALIDITY is the same and its UIDNEXT lower: new messages get UIDs that were seen before."""
    script = some(30)
    server = serve(script)
    cursor = pull(server)[-1].cursor
    messages = script.boxes[b"INBOX"].messages
    for uid in range(21, 31):
        del messages[uid]
    messages[21] = mail(5000)
    assert any("5000@" in one for one in ids(pull(server, cursor)))


LIES: dict[str, Callable[[Script], None]] = {
    "no UIDNEXT": lambda script: setattr(script.boxes[b"INBOX"], "next", 0),
    "a UIDNEXT that never moves": lambda script: setattr(script.boxes[b"INBOX"], "next", 3),
    "a UIDNEXT far above": lambda script: setattr(script.boxes[b"INBOX"], "next", 4_000_000_000),
    "no UIDVALIDITY": lambda script: script.answers.update({"EXAMINE .*": _examined(b"* 33 EXISTS\r\n")}),
    "EXISTS 0": lambda script: script.answers.update(
        {"EXAMINE .*": _examined(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n")}
    ),
    "numbers that are none": lambda script: script.answers.update(
        {
            "EXAMINE .*": _examined(
                b"* 33 EXISTS\r\n* OK [UIDVALIDITY x]\r\n* OK [UIDNEXT -4]\r\n* OK [HIGHESTMODSEQ 0]\r\n"
            )
        }
    ),
    "MODSEQ and VANISHED unasked": lambda script: script.answers.update(
        {
            "EXAMINE .*": _examined(
                b"* VANISHED (EARLIER) 1:9\r\n* 33 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [NOMODSEQ] no\r\n"
            )
        }
    ),
    "ESEARCH that says nothing": lambda script: script.answers.update(
        {"UID SEARCH RETURN.*": b"* ESEARCH UID\r\n%t OK\r\n"}
    ),
    "ESEARCH that says everything": lambda script: script.answers.update(
        {"UID SEARCH RETURN.*": b"* ESEARCH UID ALL 1:4294967295\r\n%t OK\r\n"}
    ),
    "ESEARCH that is refused": lambda script: script.answers.update({"UID SEARCH RETURN.*": b"%t NO never\r\n"}),
    "ESEARCH that answers SEARCH": lambda script: script.answers.update(
        {"UID SEARCH RETURN.*": lambda talk, line: talk.usual(line.replace(b"RETURN (ALL) ", b""))}
    ),
}


def _examined(said: bytes) -> Callable[[Talk, bytes], bytes]:
    def answer(talk: Talk, line: bytes) -> bytes:
        talk.usual(line)
        return said + b"%t OK [READ-ONLY] done\r\n"

    return answer


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_about_its_state_loses_no_message(serve: Serve, lie: str) -> None:
    script = some(30, "IMAP4rev1 ESEARCH")
    LIES[lie](script)
    server = serve(script)
    pages = pull(server)
    assert len(set(ids(pages))) == 30
    for uid in range(31, 34):
        script.boxes[b"INBOX"].messages[uid] = mail(uid)
    after = pull(server, pages[-1].cursor)
    assert {f"{n}@example.org" for n in (31, 32, 33)} <= set(ids(after))


# What comes between the lines


def test_a_flag_told_by_sequence_number_is_not_taken_for_a_message(serve: Serve) -> None:
    def noisy(seq: int, uid: int, block: bytes) -> bytes:
        other = fetched(seq, uid + 1000, mail(4444))
        unasked = b"* %d FETCH (FLAGS (\\Deleted))\r\n* %d FETCH (UID %d FLAGS ())\r\n" % (uid, seq, uid)
        return (
            unasked + b"* 7 EXPUNGE\r\n* 99 EXISTS\r\n" + other + fetched(seq, uid, block) + fetched(seq, uid, mail(1))
        )

    script = some(9)
    script.render = noisy
    pages = pull(serve(script))
    assert sorted(one for one in ids(pages)) == [f"{n}@example.org" for n in range(1, 10)]


def test_what_was_expunged_meanwhile_is_not_missed(serve: Serve) -> None:
    def expunging(talk: Talk, _: bytes) -> bytes:
        for uid in set(talk.box.messages) - {2, 4}:
            del talk.box.messages[uid]
        return talk.described([2, 4]) + talk.ok()

    script = some(9)
    script.answers["UID FETCH .*"] = expunging
    pages = pull(serve(script))
    assert len(ids(pages)) == 2
    assert unreadable(pages) == {}


@pytest.mark.parametrize("often", [1, 100])
def test_what_an_answer_leaves_out_is_asked_for_again_and_told_if_it_never_comes(serve: Serve, often: int) -> None:
    left_out = 0

    def forgetful(talk: Talk, line: bytes) -> bytes:
        nonlocal left_out
        uids = talk._within(line.split(b" ")[2])
        if 5 in uids and left_out < often:
            left_out += 1
            uids = [uid for uid in uids if uid != 5]
        return talk.described(uids) + talk.ok()

    script = some(9)
    script.answers["UID FETCH .*"] = forgetful
    server = serve(script)
    pages = pull(server)
    assert len(set(ids(pages))) == (9 if often == 1 else 8)
    told = {"INBOX/7/5": "the server says nothing of it, though it is there"}
    assert unreadable(pages) == ({} if often == 1 else told)
    assert sum(b"FETCH" in line for line in server.lines) == 2


@pytest.mark.parametrize("verdict", [b"NO", b"BAD"])
def test_one_message_that_the_server_refuses_does_not_hold_up_the_others(serve: Serve, verdict: bytes) -> None:
    def grudging(talk: Talk, line: bytes) -> bytes:
        uids = talk._within(line.split(b" ")[2])
        return b"%t " + verdict + b" cannot\r\n" if 137 in uids else talk.described(uids) + talk.ok()

    script = some(450)
    script.answers["UID FETCH .*"] = grudging
    server = serve(script)
    pages = pull(server)
    assert len(set(ids(pages))) == 449
    assert unreadable(pages) == {"INBOX/7/137": "the server refuses it: cannot"}
    assert sum(b"FETCH" in line for line in server.lines) < 30


def test_a_server_that_refuses_all_messages_is_tried_later(serve: Serve) -> None:
    script = some(450)
    script.answers["UID FETCH .*"] = b"%t NO I do not feel like it\r\n"
    server = serve(script)
    assert isinstance(fails(server), TryLater)
    assert len(server.lines) < 200


def test_a_message_of_nothing_but_nonsense_is_unreadable_and_passed(serve: Serve) -> None:
    script = some(3)
    script.boxes[b"INBOX"].messages[2] = b"\x00\xff\x80" * 50
    script.boxes[b"INBOX"].messages[4] = b""
    server = serve(script)
    pages = pull(server)
    assert len(ids(pages)) == 2
    assert set(unreadable(pages)) == {"INBOX/7/2", "INBOX/7/4"}
    assert pull(server, pages[-1].cursor) == []


LOST = b"lost"


def or_lost(seq: int, uid: int, block: bytes) -> bytes:
    """What Dovecot says, and OK: of a message that is gone meanwhile NIL in place of its header, if it does not remember that,
    and 1970 for its time."""
    if block.startswith(LOST):
        return fetched(seq, uid, block.removeprefix(LOST)).replace(b"01-Jun-2026", b"01-Jan-1970")
    echo = b"BODY[HEADER.FIELDS (FROM TO)]"
    return fetched(seq, uid, block) if block else b'* %d FETCH (UID %d INTERNALDATE "" %b NIL)\r\n' % (seq, uid, echo)


def test_what_is_gone_between_question_and_answer_is_neither_missed_nor_unreadable(serve: Serve) -> None:
    script, asked = some(9), list[bytes]()
    script.render = or_lost
    box = script.boxes[b"INBOX"]
    box.messages |= {2: b"", 4: b"", 5: b"", 7: LOST + mail(7), 8: LOST + mail(8), 9: LOST + mail(9)}

    def fetch(talk: Talk, command: bytes) -> bytes:
        said = talk.usual(command)
        if not asked:
            del box.messages[2], box.messages[7]
            box.messages |= {4: mail(4), 8: mail(8)}  # the server was wrong: they are there
        asked.append(command.split(b" ")[2])
        return said

    script.answers["UID FETCH .*"] = fetch
    pages = pull(serve(script))
    assert sorted(ids(pages)) == [f"{n}@example.org" for n in (1, 3, 4, 6, 8, 9)]
    times = {o.happened_at for page in pages for o in page.observations if isinstance(o, Interaction)}
    assert times == {datetime(2026, 6, 1, 8, tzinfo=UTC)}, "a time before there was mail is not believed"
    assert set(unreadable(pages)) == {"INBOX/7/5"}, "a message that has no header whenever it is asked for"
    assert asked == [b"1:9", b"2,4:5,7:9"]


@pytest.mark.parametrize(("why", "left"), [("[EXPUNGEISSUED] gone", set()), ("cannot", {"INBOX/7/2"})])
def test_one_that_is_refused_when_it_is_asked_for_again_holds_nothing_up(serve: Serve, why: str, left: set[str]) -> None:
    script = some(3)
    script.render = or_lost
    script.boxes[b"INBOX"].messages[2] = b""
    script.answers["UID FETCH 2 .*"] = f"%t NO {why}\r\n".encode()
    pages = pull(serve(script))
    assert (len(ids(pages)), set(unreadable(pages))) == (2, left)


def test_a_part_of_a_refused_page_that_is_gone_meanwhile_is_not_unreadable(serve: Serve) -> None:
    script = some(3)
    script.answers["UID FETCH 1:3 .*"] = b"%t NO cannot\r\n"
    script.answers["UID FETCH (2:3|2) .*"] = b"%t NO [EXPUNGEISSUED] gone\r\n"
    pages = pull(serve(script))
    assert (sorted(ids(pages)), unreadable(pages)) == (["1@example.org", "3@example.org"], {})


def test_a_folder_that_could_not_be_opened_is_so_no_more_once_it_is_or_is_away(serve: Serve) -> None:
    script = Script(boxes=boxes({b"INBOX": 1, b"Work": 1, b"Old": 1}))
    server = serve(script)
    script.answers['EXAMINE "(Work|Old)"'] = b"%t NO it was renamed\r\n"
    pages = pull(server)
    assert set(unreadable(pages)) == {"folder:Work", "folder:Old"}
    assert pull(server, pages[-1].cursor) == []
    script.answers.clear()
    del script.boxes[b"Old"]
    pages = pull(server, pages[-1].cursor)
    assert {o.native_id for page in pages for o in page.observations if isinstance(o, Gone)} == {"folder:Work", "folder:Old"}
    assert len(ids(pages)) == 1
    assert "refused" not in pages[-1].cursor
    assert pull(server, pages[-1].cursor) == []


# Folder names

ODD = {
    "8-bit": b'* LIST () "/" "Gel\xf6scht-Freunde"\r\n',
    "UTF-8": '* LIST () "/" "Bücher"\r\n'.encode(),
    "invalid modified UTF-7": b'* LIST () "/" "a&b-&&x"\r\n',
    "a surrogate half": b'* LIST () "/" "&2AA-"\r\n',
    "quotes": b'* LIST () "/" "a\\"b\\\\c"\r\n',
    "a literal": b'* LIST () "/" {5}\r\na\r\nb)\r\n',
    "a NUL": b'* LIST () "/" {3}\r\na\0b\r\n',
    "no delimiter": b"* LIST () NIL Flat\r\n",
    "a number": b'* LIST () "/" 2026\r\n',
    "nothing": b'* LIST () "/" ""\r\n',
    "extended data": b'* LIST () "/" "New" ("OLDNAME" ("Old"))\r\n',
    "wildcards": b'* LIST () "/" "a*%b"\r\n',
    "twice": b'* LIST () "/" INBOX\r\n* LIST () "/" inbox\r\n',
    "broken brackets": b'* LIST (() "/" "x"\r\n',
    "too few parts": b"* LIST () x\r\n",
    "an escape sequence": b'* LIST () "/" "\x1b]0;owned\x07"\r\n',
    "a long name": b'* LIST () "/" "' + b"n" * 5000 + b'"\r\n',
    "a command": b'* LIST () "/" {30}\r\nx"\r\nA1 DELETE INBOX\r\nA2 NOOP "\r\n',
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_folder_names_stop_nothing_and_send_nothing(serve: Serve, odd: str) -> None:
    script = some(5)
    script.answers["LIST .*"] = ODD[odd] + b'* LIST (\\Noselect) "/" "[Gmail]"\r\n* LIST () "/" "INBOX"\r\n%t OK\r\n'
    server = serve(script)
    pages = pull(server)
    assert len(ids(pages)) == 5
    assert [line for line in server.lines if re.match(rb"(?i)(A\d )?(DELETE|NOOP|SELECT)", line)] == []
    assert all(name.startswith("folder:") and name.isprintable() for name in unreadable(pages))
    assert pull(server, pages[-1].cursor) == [], "what cannot be read is said once"


def test_spam_trash_drafts_and_excluded_folders_are_not_opened(serve: Serve) -> None:
    script = Script(boxes=boxes({b"INBOX": 1, b"Work": 1, b"Work/Old": 1, b"Entw&APw-rfe": 1, b"Trash": 1, b"X": 1}))
    script.boxes[b"X"].flags = "\\Junk"
    server = serve(script)
    assert len(ids(pull(server, folders={"exclude": ["work"]}))) == 1
    assert len(ids(pull(server, folders={"exclude": ["Work/*"]}))) == 2
    assert len(ids(pull(server, folders={"include": ["Work"]}))) == 2
    opened = {line for line in server.lines if line.startswith(b"EXAMINE")}
    assert opened == {b'EXAMINE "INBOX"', b'EXAMINE "Work"', b'EXAMINE "Work/Old"'}


def test_folders_that_fit_no_setting_need_a_human_who_is_told_which_there_are(serve: Serve) -> None:
    server = serve(Script(boxes=boxes({b"INBOX": 1, b"Archive": 1, b"Trash": 1})))
    for wrong in ({"include": ["Archve"]}, {"exclude": ["*"]}):
        error = fails(server, folders=wrong)
        assert isinstance(error, NeedsHuman)
        assert error.hint.endswith("there are: INBOX, Archive")


def test_an_account_without_anything_to_be_read_has_a_cursor_all_the_same(serve: Serve) -> None:
    server = serve(Script(boxes=boxes({b"Trash": 1})))
    (page,) = pull(server, folders={"exclude": ["Lists"]})
    assert (page.observations, page.left) == ((), 0)
    assert pull(server, page.cursor) == []


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 LIST-EXTENDED LIST-STATUS"])
def test_every_page_of_history_says_how_much_is_still_to_come(serve: Serve, capabilities: str) -> None:
    server = serve(Script(boxes=boxes({b"INBOX": 500, b"Sent": 500}), capabilities=capabilities + " AUTH=PLAIN"))
    second = pull(server)[1]
    assert second.left == 600
    server.script.boxes[b"INBOX"].messages[501] = mail(2000)
    assert [page.left for page in pull(server, second.cursor)] == [600, 400, 300, 0]


def test_a_folder_that_is_gone_leaves_the_cursor_and_one_that_comes_is_read(serve: Serve) -> None:
    script = Script(boxes=boxes({b"INBOX": 2, b"Old": 2}))
    server = serve(script)
    pages = pull(server)
    del script.boxes[b"Old"]
    script.boxes[b"New"] = Mailbox({1: mail(77)})
    after = pull(server, pages[-1].cursor)
    assert ids(after) == ["77@example.org"]
    assert set(after[-1].cursor["folders"]) == {"INBOX", "New"}


# Gmail


def test_gmail_is_read_through_all_mail_alone(serve: Serve) -> None:
    labels = {1: b'"\\\\Inbox" Work', 2: b'"\\\\Draft"', 3: b'"\\\\Sent"', 4: b'Secret "\\\\Inbox"'}

    def gmail(seq: int, uid: int, block: bytes) -> bytes:
        said = b"X-GM-THRID %d X-GM-MSGID %d X-GM-LABELS (%b) " % (uid + 10, uid + 20, labels[uid])
        return fetched(seq, uid, block).replace(b"(UID", b"(" + said + b"UID", 1)

    every = boxes({b"INBOX": 2, b"[Gmail]/All Mail": 4, b"[Gmail]/Sent Mail": 1})
    every[b"[Gmail]/All Mail"].flags = "\\All"
    server = serve(Script(boxes=every, capabilities="IMAP4rev1 X-GM-EXT-1", render=gmail))
    (page,) = pull(server, folders={"exclude": ["secret"]})
    said = [o for o in page.observations if isinstance(o, Interaction)]
    assert [o.signals.labels for o in said] == [("Sent",), ("Inbox", "Work")]
    assert [o.thread for o in said] == ["gm:13", "gm:11"]
    assert [line for line in server.lines if line.startswith(b"EXAMINE")] == [b'EXAMINE "[Gmail]/All Mail"']


def test_a_page_of_huge_headers_is_handed_over_in_parts(serve: Serve) -> None:
    """So that no page of ten thousand recipients each is ever held in memory; its cursor moves with the last part."""
    script = some(12)
    for uid, block in script.boxes[b"INBOX"].messages.items():
        script.boxes[b"INBOX"].messages[uid] = block[:-2] + b"X-Padding: " + b"x" * 900_000 + b"\r\n\r\n"
    pages = pull(serve(script))
    assert len(pages) == 2
    assert len(set(ids(pages))) == len(ids(pages)) == 12
    assert pages[0].cursor["folders"] == {}
    assert pages[1].cursor["folders"]["INBOX"]["low"] == 1
