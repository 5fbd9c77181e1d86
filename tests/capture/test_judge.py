"""What counts as contact, rule by rule, in both directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.judge import judge, writers
from capture.match import Me
from connectors.base import Handle, Interaction, Kind, Signals
from tests.small_world import ME, mail, me, meeting, party

ALICE = "alice@example.org"
CROWD = [f"p{n}@example.org" for n in range(20)]


def received(sender: str = ALICE, **signals: Any) -> Interaction:
    return mail(1, sender, **signals)


def sent(*to: str, **signals: Any) -> Interaction:
    return mail(1, ME, to or [ALICE], **signals)


RECEIVED = [
    ("counts", "personal", received()),
    ("counts", "personal", received(recipients=20)),
    ("counts", "personal", mail(1, ALICE, "somebody.else@example.org")),
    ("counts", "personal", mail(1, ALICE, [party("to", ME), party("cc", "bob@example.org")])),
    ("counts", "personal", mail(1, ALICE, [party("to", ME), party("cc", ME)])),
    ("counts", "personal", mail(1, ALICE, [party("bcc", ME)])),
    ("counts", "personal", mail(1, "no-reply@shop.example", [party("from", ALICE), ME])),
    ("counts", "personal", received(precedence="first-class")),
    ("counts", "personal", received(suppress=True)),
    ("counts", "personal", replace(mail(1, ALICE, [party("cc", ME)]), kind="message")),
    # nobody stands in To: whom it is addressed to stand in Cc
    ("counts", "personal", mail(1, ALICE, [party("cc", ME)])),
    ("counts", "personal", mail(1, ALICE, [party("cc", "bob@example.org"), party("cc", ME)])),
    ("presence", "cc only", mail(1, ALICE, ["bob@example.org", party("cc", ME)])),
    ("presence", "cc only", mail(1, ALICE, [party("cc", ME), "bob@example.org"])),
    ("presence", "crowd", mail(1, ALICE, [party("cc", ME)], recipients=21)),
    ("presence", "cc only", mail(1, ALICE, ["bob@example.org", party("cc", "ME+tag@example.org")])),
    ("presence", "crowd", received(recipients=21)),
    ("presence", "calendar mail", received(calendar="invitation")),
    ("presence", "calendar mail", received(calendar="answer", recipients=21)),
    ("noise", "list", received(list_id="garden.lists.example")),
    ("noise", "list", received(list_post=True)),
    ("noise", "list", received(list_id="garden.lists.example", unsubscribe=True, precedence="list")),
    ("noise", "newsletter", received(unsubscribe=True)),
    ("noise", "newsletter", received(feedback_id=True, precedence="bulk")),
    ("noise", "bulk", received(precedence="bulk")),
    ("noise", "bulk", received(precedence="junk")),
    ("noise", "bulk", received(precedence="list")),
    ("noise", "automatic", received(auto_submitted="auto-replied")),
    ("noise", "automatic", received(auto_submitted="auto-generated", list_id="x", null_return_path=True)),
    ("noise", "bounce", received(null_return_path=True)),
    ("noise", "robot", received("no-reply@shop.example")),
    ("noise", "robot", received("no-reply@shop.example", calendar="invitation", recipients=30)),
    ("noise", "nobody wrote it", mail(1, party("to", "bob@example.org"), ME)),
    ("noise", "missed", replace(received(missed=True), kind="call")),
]

SENT = [
    ("counts", "written by you", sent()),
    ("counts", "written by you", sent(ALICE, "bob@example.org", recipients=20)),
    ("counts", "written by you", sent(ALICE, "no-reply@shop.example")),
    ("counts", "written by you", mail(1, "Me+work@example.org", ALICE)),
    ("counts", "written by you", mail(1, ME, [party("cc", ALICE)])),
    ("counts", "written by you", mail(1, ME, [party("bcc", ALICE)])),
    ("counts", "written by you", sent(precedence="bulk", unsubscribe=True, null_return_path=True)),
    ("presence", "crowd", sent(recipients=21)),
    ("presence", "calendar mail", sent(calendar="answer")),
    ("noise", "list", sent(list_id="garden.lists.example")),
    ("noise", "list", sent(list_post=True)),
    ("noise", "automatic", sent(auto_submitted="auto-replied")),
    ("noise", "automatic", sent(auto_submitted="auto-replied", calendar="answer")),
    ("noise", "robot", sent("unsubscribe@loaf.example")),
    ("noise", "robot", sent("no-reply@shop.example", "bounce-77@shop.example")),
    ("noise", "to oneself", sent(ME)),
    ("noise", "to oneself", mail(1, ME, ["ME+notes@example.org", party("cc", ME)])),
    ("noise", "to oneself", mail(1, ME, [])),
]


BOB = "bob@example.org"
MEETINGS = [
    ("counts", "organised by you", meeting(1, ME, [ALICE, BOB])),
    ("counts", "organised by you", meeting(1, ME, [ALICE], alice="needs-action")),
    ("counts", "organised by you", meeting(1, ME, [ME, ALICE, BOB], me="tentative", alice="declined")),
    ("counts", "organised by you", meeting(1, ME, [ALICE, *CROWD[2:]])),
    ("counts", "accepted by you", meeting(1, ALICE, [ME, BOB], me="accepted")),
    ("counts", "accepted by you", meeting(1, ALICE, ["Me+work@example.org"], me_work="accepted")),
    ("counts", "accepted by you", meeting(1, ALICE, [ME, "me+x@example.org"], me="declined", me_x="accepted")),
    ("counts", "accepted by you", replace(meeting(1, ALICE, [ME]), signals=Signals(attendees=2, partstat="accepted"))),
    ("counts", "accepted by you", meeting(1, "no-reply@shop.example", [ME, ALICE], me="accepted")),
    ("counts", "no answers", meeting(1, ALICE, [ME, BOB])),
    ("counts", "no answers", meeting(1, ALICE, [])),
    ("presence", "not accepted", meeting(1, ALICE, [ME], me="needs-action")),
    ("presence", "not accepted", meeting(1, ALICE, [ME], me="tentative", alice="accepted")),
    ("presence", "not accepted", meeting(1, ALICE, [BOB], bob="accepted")),
    ("presence", "not accepted", replace(meeting(1, ALICE, [ME]), signals=Signals(attendees=2, partstat="tentative"))),
    ("presence", "crowd", meeting(1, ALICE, [ME, *CROWD], me="accepted")),
    ("presence", "crowd", meeting(1, ME, [ALICE, *CROWD])),
    ("presence", "declined by them", meeting(1, ME, [ALICE, BOB], alice="declined", bob="declined")),
    ("presence", "declined by them", meeting(1, ALICE, [ME], me="accepted", alice="declined")),
    ("noise", "declined", meeting(1, ALICE, [ME, BOB], me="declined", bob="accepted")),
    ("noise", "declined", meeting(1, ME, [ME, ALICE], me="declined")),
    ("noise", "declined", meeting(1, ALICE, [ME, *CROWD], me="declined")),
    ("noise", "declined", replace(meeting(1, ALICE, [ME]), signals=Signals(attendees=2, partstat="declined"))),
    ("noise", "to oneself", meeting(1, ME, [ME])),
    ("noise", "to oneself", replace(meeting(1, ME, []), parties=())),
    ("noise", "robot", meeting(1, "calendar-notification@shop.example", [ME], me="accepted")),
]


def _name(value: object) -> str:
    return value.replace(" ", "-") if isinstance(value, str) else ""


@pytest.mark.parametrize(("verdict", "rule", "interaction"), RECEIVED, ids=_name)
def test_what_others_wrote(verdict: str, rule: str, interaction: Interaction) -> None:
    assert judge(interaction, me, False) == (verdict, rule)


@pytest.mark.parametrize(("verdict", "rule", "interaction"), SENT, ids=_name)
def test_what_the_user_wrote(verdict: str, rule: str, interaction: Interaction) -> None:
    assert judge(interaction, me, False) == (verdict, rule)


@pytest.mark.parametrize(("verdict", "rule", "interaction"), MEETINGS, ids=_name)
def test_meetings_whether_they_are_over_or_not(verdict: str, rule: str, interaction: Interaction) -> None:
    for answered in (False, True):
        assert judge(interaction, me, answered) == (verdict, rule)


@pytest.mark.parametrize(("verdict", "rule", "interaction"), RECEIVED, ids=_name)
def test_an_answer_overrides_noise_but_not_presence(verdict: str, rule: str, interaction: Interaction) -> None:
    assert judge(interaction, me, True) == (("counts", "answered") if verdict == "noise" else (verdict, rule))


def test_who_answers_what_a_list_wrote_as_itself_writes_to_the_list() -> None:
    posted = mail(1, party("from", "garden@lists.example", "Alice via Garden"), list_id="garden.lists.example")
    always = Me([Handle("email", ME)])
    always.learned = {"email:garden@lists.example": "counts"}
    assert writers(posted) == []
    assert judge(posted, always, False) == ("noise", "list")


@pytest.mark.parametrize(("verdict", "rule", "interaction"), SENT, ids=_name)
def test_an_answer_changes_nothing_about_what_the_user_wrote(verdict: str, rule: str, interaction: Interaction) -> None:
    assert judge(interaction, me, True) == (verdict, rule)


def test_every_rule_is_in_these_tables() -> None:
    rules = {rule for _, rule, _ in RECEIVED + SENT + MEETINGS}
    assert rules == {
        *(
            "personal",
            "cc only",
            "crowd",
            "calendar mail",
            "list",
            "newsletter",
            "bulk",
            "automatic",
            "bounce",
            "robot",
        ),
        *("nobody wrote it", "missed", "declined", "written by you", "to oneself"),
        *("organised by you", "accepted by you", "no answers", "not accepted", "declined by them"),
    }


@pytest.mark.parametrize("domain", ["gmail.com", "gmx.de", "hotmail.com", "yahoo.co.uk", "qq.com", "icloud.com"])
def test_free_mail_is_mail(domain: str) -> None:
    assert judge(received(f"alice.example@{domain}"), me, False) == ("counts", "personal")
    assert judge(sent(f"alice.example@{domain}"), me, False) == ("counts", "written by you")


@given(
    st.sampled_from(["mail", "meeting", "call", "message", "note"]),
    st.lists(st.sampled_from([ME, ALICE, "no-reply@shop.example"]), max_size=3),
    st.lists(st.sampled_from([ME, ALICE, "no-reply@shop.example"]), max_size=3),
    st.builds(Signals, recipients=st.integers(0, 40), list_post=st.booleans(), missed=st.booleans()),
    st.booleans(),
)
def test_there_is_a_verdict_on_anything_and_it_names_its_rule(
    kind: Kind, authors: list[str], others: list[str], signals: Signals, answered: bool
) -> None:
    parties = [party("from", a) for a in authors] + [party("to", a) for a in others]
    verdict, rule = judge(replace(received(), kind=kind, parties=tuple(parties), signals=signals), me, answered)
    assert verdict in ("counts", "presence", "noise")
    assert rule
    assert not (answered and verdict == "noise" and ME not in authors and kind != "meeting")
