"""What a server answers to UID FETCH becomes the same messages, however it is spelt and however it is cut up."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap_fetch import MOST_BLOCK, Message, Scanner, Violation, items, tree, when
from connectors.imap_uids import LONGEST_SET, TOP, Uids, listed, ranges_of, set_text

BLOCK = b"From: alice@example.org\r\nSubject: {12}\r\n\r\n"
DATE = b'INTERNALDATE "01-Jun-2026 10:00:00 +0200"'
NOON = datetime(2026, 6, 1, 8, tzinfo=UTC)
LITERAL = b"{%d}\r\n%b" % (len(BLOCK), BLOCK)
BODY = b"BODY[HEADER.FIELDS (FROM SUBJECT)]"


def scan(data: bytes, size: int = 1 << 20) -> list[Message]:
    """The messages in a whole reply, given in parts of ``size``."""
    scanner = Scanner(b"K1")
    found = [m for at in range(0, len(data), size) for m in scanner.feed(data[at : at + size])]
    assert scanner.done
    assert scanner.rest == b""
    return found


SPELLINGS = {
    "the usual one": b"* 1 FETCH (UID 5 %b %b %b)\r\n" % (DATE, BODY, LITERAL),
    "body first": b"* 1 FETCH (%b %b UID 5 %b)\r\n" % (BODY, LITERAL, DATE),
    "body first, flags last": b"* 1 FETCH (%b %b %b UID 5 FLAGS (\\Seen $x))\r\n" % (BODY, LITERAL, DATE),
    "lower case": b"* 1 fetch (uid 5 %b body[header.fields (from subject)] %b)\r\n" % (DATE.lower(), LITERAL),
    "quoted field names": b'* 1 FETCH (UID 5 %b BODY[HEADER.FIELDS ("FROM" "a]b")] %b)\r\n' % (DATE, LITERAL),
    "partial echo": b"* 1 FETCH (UID 5 %b %b<0> %b)\r\n" % (DATE, BODY, LITERAL),
    "non-synchronising literal": b"* 1 FETCH (UID 5 %b %b {%d+}\r\n%b)\r\n" % (DATE, BODY, len(BLOCK), BLOCK),
    "binary literal": b"* 1 FETCH (UID 5 %b %b ~{%d}\r\n%b)\r\n" % (DATE, BODY, len(BLOCK), BLOCK),
    "more than was asked for": b'* 1 FETCH (RFC822.SIZE 9 ENVELOPE (NIL "a\\"b" ((NIL "x" "y"))) UID 5 %b %b %b)\r\n'
    % (DATE, BODY, LITERAL),
    "a second literal": b"* 1 FETCH (UID 5 X-NOTE {3}\r\n)\r\n %b %b %b)\r\n" % (DATE, BODY, LITERAL),
    "blanks": b"* 1 FETCH (UID  5 %b %b %b )\r\n" % (DATE, BODY, LITERAL),
    "among other replies": b"* 3 EXPUNGE\r\n* 9 EXISTS\r\n* 0 RECENT\r\n* OK still here {5}\r\n"
    b"* 1 FETCH (UID 5 %b %b %b)\r\n* VANISHED 1:4\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* FLAGS (a)\r\n"
    % (DATE, BODY, LITERAL),
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_reply_is_the_same_message(spelling: str, size: int) -> None:
    (message,) = scan(SPELLINGS[spelling] + b"K1 OK done\r\n", size)
    assert (message.uid, message.received, message.block, message.reason) == (5, NOON, BLOCK, None)


def test_a_body_may_be_a_quoted_string_or_nil() -> None:
    said = b'* 1 FETCH (UID 5 %b %b "From: \\"a\\"")\r\n* 2 FETCH (UID 6 %b %b NIL)\r\nK1 OK done\r\n'
    assert [m.block for m in scan(said % (DATE, BODY, DATE, BODY))] == [b'From: "a"', b""]


def test_what_was_not_asked_for_is_no_message() -> None:
    """RFC 3501 section 7.4.2: a server may tell of flags at any time, also without a UID."""
    said = b"* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (UID 7 FLAGS ())\r\n* 3 FETCH (%b %b)\r\n" % (BODY, LITERAL)
    assert scan(said + b"* 4 FETCH (UID 0 %b %b)\r\nK1 OK done\r\n" % (BODY, LITERAL)) == []


def test_gmail_tells_labels_and_threads() -> None:
    said = (
        b'* 1 FETCH (X-GM-THRID 17 X-GM-MSGID 18 X-GM-LABELS ("\\\\Inbox" \\Sent "B&APw-cher" "a b" NIL) '
        b"UID 5 %b %b %b)\r\nK1 OK done\r\n" % (DATE, BODY, LITERAL)
    )
    (message,) = scan(said)
    assert message.labels == ("\\Inbox", "\\Sent", "Bücher", "a b")
    assert (message.thread, message.gmail_id) == ("17", "18")


@pytest.mark.parametrize(
    "said",
    [
        b"* 1 FETCH (UID 5 %b %b (a b" % (DATE, BODY),
        b'* 1 FETCH (UID 5 %b %b "open' % (DATE, BODY),
        b"* 1 FETCH (UID 5 %b %b a b)" % (DATE, BODY),
        b"* 1 FETCH (UID 5 %b %b x))" % (DATE, BODY),
        b"* 1 FETCH (UID 5 " + b"(" * 50 + b")" * 50 + b")",
    ],
)
def test_a_reply_that_makes_no_sense_is_one_message_that_cannot_be_read(said: bytes) -> None:
    good = b"* 2 FETCH (UID 6 %b %b %b)\r\n" % (DATE, BODY, LITERAL)
    bad, after = scan(said + b"\r\n" + good + b"K1 OK done\r\n")
    assert bad.uid == 5
    assert bad.reason
    assert (after.uid, after.reason) == (6, None)


def test_a_header_of_two_megabytes_is_passed_over_and_the_next_message_arrives() -> None:
    big = b"* 1 FETCH (UID 5 %b %b {%d}\r\n%b)\r\n" % (DATE, BODY, 2 * MOST_BLOCK, b"x" * (2 * MOST_BLOCK))
    good = b"* 2 FETCH (UID 6 %b %b %b)\r\n" % (DATE, BODY, LITERAL)
    for size in (4096, 1 << 24):
        bad, after = scan(big + good + b"K1 OK done\r\n", size)
        assert (bad.uid, bad.block) == (5, b"")
        assert "longer" in (bad.reason or "")
        assert after.block == BLOCK


@pytest.mark.parametrize(
    "said",
    [
        b"* 1 FETCH (UID 5 BODY[HEADER] {1099511627776}\r\n",
        b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (A)] {99999999999999999999}\r\n",
        b"* " + b"x" * 1_100_000,
        b"* 1 FETCH (" + b"X {1}\r\na " * 1000,
        b"HTTP/1.1 302 Found\r\n",
        b"K2 OK of another command\r\n",
        b"K1 MAYBE\r\n",
    ],
)
@pytest.mark.parametrize("size", [1000, 1 << 24])
def test_what_is_not_imap_ends_the_connection(said: bytes, size: int) -> None:
    with pytest.raises(Violation):
        scan(said, size)


def test_what_comes_after_the_tagged_line_belongs_to_the_next_command() -> None:
    scanner = Scanner(b"K1")
    scanner.feed(b"K1 NO [LIMIT] not now\r\n* 1 FETCH (UID 5")
    assert (scanner.done, scanner.status, scanner.text) == (True, "NO", b"[LIMIT] not now")
    assert scanner.rest == b"* 1 FETCH (UID 5"


def test_a_goodbye_ends_the_reply() -> None:
    scanner = Scanner(b"K1")
    scanner.feed(b"* 1 FETCH (UID 5 %b %b %b)\r\n* BYE too much\r\n" % (DATE, BODY, LITERAL))
    assert (scanner.done, scanner.status, scanner.text) == (True, "BYE", b"too much")


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(1, 40))
def test_any_blocks_come_out_as_they_went_in(blocks: list[bytes], size: int) -> None:
    said = b"".join(
        b"* %d FETCH (UID %d %b %b {%d}\r\n%b)\r\n" % (n, n, DATE, BODY, len(block), block)
        for n, block in enumerate(blocks, 1)
    )
    assert [(m.uid, m.block) for m in scan(said + b"K1 OK done\r\n", size)] == list(enumerate(blocks, 1))


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_at_all_do_more_than_end_the_connection(junk: bytes, size: int) -> None:
    scanner = Scanner(b"K1")
    data = b"* 1 FETCH (" + junk
    try:
        for at in range(0, len(data), size):
            if not scanner.done:
                scanner.feed(data[at : at + size])
    except Violation:
        pass


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7)))),
        (b" 1-JAN-2026 00:00:00 +0530", datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        (b"31-Feb-2026 00:00:00 +0000", None),
        (b"01-Foo-2026 00:00:00 +0000", None),
        (b"01-Jan-2026 00:00:00", None),
        (b"01-Jan-2026 00:00:00 +9999", None),
        (b"", None),
        (b"\xff" * 26, None),
    ],
)
def test_internal_dates(text: bytes, moment: datetime | None) -> None:
    assert when(text) == moment


@given(st.binary(max_size=40))
def test_no_bytes_make_an_internal_date_raise(text: bytes) -> None:
    found = when(text)
    assert found is None or found.tzinfo is not None


def test_the_items_ask_for_header_fields_and_mark_nothing_as_read() -> None:
    assert items(["from", "to"]) == "(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (FROM TO)])"
    assert "X-GM-LABELS" in items(["from"], gmail=True)


def test_values_in_a_reply() -> None:
    said = tree([b'(\\Sent x) "/" {3}', b"a b", b' ("OLD" (NIL nil "NIL"))'])
    assert said == [[b"\\Sent", b"x"], b"/", b"a b", [b"OLD", [None, None, b"NIL"]]]


def test_uids_of_a_set_in_any_order() -> None:
    uids = Uids.of_set(b"9,1:3,12:10,2,*,5:*", 1, TOP)
    assert len(uids) == 7
    assert listed(uids.take_newest(99)) == [1, 2, 3, 9, 10, 11, 12]


def test_uids_outside_of_what_was_asked_for_are_left_out() -> None:
    """``UID 101:*`` always names the last message, also if its UID is lower."""
    assert len(Uids.of_numbers(b"100", 101, TOP)) == 0
    assert len(Uids.of_set(b"100", 101, TOP)) == 0
    assert len(Uids.of_numbers(b"4294967296 99999999999999", 1, TOP)) == 0


@given(st.sets(st.integers(1, 10_000)), st.integers(1, 100), st.booleans())
def test_uids_are_taken_from_either_end_until_none_is_left(uids: set[int], most: int, newest: bool) -> None:
    left = Uids(ranges_of(uids))
    taken: list[int] = []
    while left:
        before = len(left)
        part = listed(left.take_newest(most) if newest else left.take_oldest(most))
        assert 0 < len(part) <= most
        assert before - len(part) == len(left)
        taken = part + taken if newest else taken + part
    assert taken == sorted(uids)


@given(st.sets(st.integers(1, TOP), max_size=300))
def test_a_set_says_what_numbers_say(uids: set[int]) -> None:
    text = set_text(ranges_of(uids)).encode()
    numbers = b" ".join(b"%d" % uid for uid in sorted(uids, key=hash))
    assert listed(Uids.of_set(text, 1, TOP).take_oldest(999)) == sorted(uids)
    assert listed(Uids.of_numbers(numbers, 1, TOP).take_oldest(999)) == sorted(uids)


def test_a_sparse_mailbox_never_makes_a_long_command() -> None:
    uids = Uids((uid, uid) for uid in range(1_000_000_000, 1_000_020_000, 2))
    while uids:
        assert len(set_text(uids.take_newest(2000))) <= LONGEST_SET + 30


def test_a_hostile_reply_costs_little_time_and_memory() -> None:
    """64 MiB to pass over, and a literal of 1 MiB that comes byte by byte: within 5 seconds and 150 MB."""
    script = """if True:
        import resource, time
        from connectors.imap_fetch import Scanner
        scanner = Scanner(b"K1")
        scanner.feed(b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (A)] {%d}\\r\\n" % (64 << 20))
        for _ in range(1024):
            scanner.feed(b"x" * 65536)
        scanner.feed(b")\\r\\n* 2 FETCH (UID 6 BODY[HEADER.FIELDS (A)] {%d}\\r\\n" % (1 << 20))
        for _ in range(1 << 20):
            scanner.feed(b"x")
        assert len(scanner.feed(b")\\r\\nK1 OK\\r\\n")) == 1 and scanner.done
        usage = resource.getrusage(resource.RUSAGE_SELF)
        from tests.connectors.hostile import peak
        print(usage.ru_utime + usage.ru_stime, peak())
    """
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 5
    assert kilobytes < 150_000
