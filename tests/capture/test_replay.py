"""What is believed depends on the facts alone: not on the order they came in, nor on when the rules were applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from capture.judge import NOT_JUDGED, judge, writers
from capture.match import Me, canonical, somebody
from capture.replay import remember_me, replay
from capture.rules import Rule
from capture.settle import add
from connectors.base import Gone, Handle, Interaction, Observation, Party, Signals
from connectors.household import OWNER_HANDLES, write
from connectors.maildir import Maildir, MaildirSettings
from store.decide import set_own
from store.file import Store
from store.load import interactions_by_id
from tests.scripted import Scripted
from tests.small_world import ME, NOW, Tables, capture, everything, mail, me, meeting, party, tables

OTHER_ME = "me@work.example"
PEOPLE = ["alice@example.org", "Alice+list@example.org", "bob@example.org", "c.arol@gmail.com", "carol@googlemail.com"]
OTHERS = ["no-reply@shop.example", "news@loaf.example", "garden@lists.example", "dora@bücher.example"]
NAMES = [None, None, "Alice", "Alice Example", "Bob B", "Ünal", "x"]


def letters(random: Random, count: int) -> Iterator[list[Interaction]]:
    """Mails, each as the copies that there are of it: in Sent, in INBOX, back from a list, in an archive."""
    senders: list[str] = []
    for number in range(count):
        mine = random.random() < 0.4
        sender = party("from", random.choice([ME, ME, OTHER_ME] if mine else PEOPLE + OTHERS), random.choice(NAMES))
        to = random.sample([*PEOPLE, *OTHERS, ME, OTHER_ME], random.randint(1, 4))
        answers = random.randrange(count) if random.random() < 0.6 else None
        if answers is not None and answers < number and random.random() < 0.8:
            to = [senders[answers]]
        senders.append(sender.handle.value)
        parties = {
            (p.role, p.handle): p for p in (party(random.choice(["to", "to", "cc"]), a, random.choice(NAMES)) for a in to)
        }
        first = mail(
            number,
            sender,
            list(parties.values()),
            days=random.choice([1, 2, random.uniform(0, 100)]),
            answers=answers,
            title=random.choice([None, "Hello", "Grüße"]),
            unsubscribe=not mine and random.random() < 0.2,
            auto_submitted="auto-replied" if random.random() < 0.1 else None,
        )
        copies = [first]
        if mine and random.random() < 0.5:  # Sent knows the blind copies
            hidden = [party("bcc", a) for a in random.sample(PEOPLE, random.randint(1, 3))]
            said = replace(first.signals, recipients=first.signals.recipients + len(hidden), labels=("Sent",))
            copies.append(replace(first, parties=(*first.parties, *hidden), signals=said))
        if random.random() < 0.3:  # a list put its mark on it, and perhaps its own name in From
            said = replace(first.signals, list_id="garden.lists.example", labels=("INBOX",))
            munged = party("from", "garden@lists.example", "Alice via Garden")
            parties_ = (munged, *first.parties[1:]) if random.random() < 0.5 else first.parties
            copies.append(replace(first, parties=parties_, signals=said, title=first.title and f"[garden] {first.title}"))
        if random.random() < 0.3:  # a copy without a date of its own
            said = replace(first.signals, date_from="received", labels=("Archive",))
            copies.append(replace(first, happened_at=NOW, signals=said))
        yield copies


def captured(store: Store, copies: list[Interaction], random: Random, sources: int, own: Me = me) -> Tables:
    """The tables after these copies came in a random order, in pages of random sizes, some of them twice."""
    copies = copies + random.sample(copies, len(copies) // 4)
    random.shuffle(copies)
    parts: list[list[Interaction]] = [[] for _ in range(sources)]
    for copy in copies:
        random.choice(parts).append(copy)
    for number, part in enumerate(parts):
        pages: list[list[Interaction]] = []
        while part:
            size = random.choice([1, 5, 20, 100])
            pages.append(part[:size])
            part = part[size:]
        assert capture(store, Scripted.of(*pages), f"source {number}", own).state == "ok"
    return tables(store)


def without_sources(found: Tables) -> dict[str, list[tuple[object, ...]]]:
    """The same without who has seen what: where copies went to random sources, that differs."""
    return {**found, "interaction": [row[:-1] for row in found["interaction"]]}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_pages_their_sizes_and_copies_of_copies_make_no_difference(tmp_path: Path, seed: int) -> None:
    world = [copy for copies in letters(Random(seed), 30) for copy in copies]
    world += [mail(900, "desk@shop.example", unsubscribe=True), mail(901, ME, "desk@shop.example", answers=900)]
    stores = [Store(tmp_path / f"{turn}.duckdb") for turn in range(3)]
    found = [captured(store, world, Random(seed * 10 + turn), 1 + turn // 2) for turn, store in enumerate(stores)]
    assert found[0] == found[1]
    assert [without_sources(each) for each in found] == [without_sources(found[0])] * 3
    verdicts = {row[9] for row in found[0]["interaction"]}
    assert {"written by you", "personal", "answered"} <= verdicts
    for store, before in zip(stores, found, strict=True):
        ids = everything(store)
        assert replay(store, me) == 0
        assert tables(store) == {**before, "own": [('["email:me@example.org"]',)]}
        assert everything(store)["person ids"] == ids["person ids"]


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> list[Interaction]:
    """What the sample household's mailbox says."""
    folder = tmp_path_factory.mktemp("household") / "mail"
    write(folder, datetime(2026, 5, 17, tzinfo=UTC))
    said = [seen for page in Maildir(MaildirSettings(path=folder)).pull(None) for seen in page.observations]
    return [seen for seen in said if isinstance(seen, Interaction)]


def test_a_household_is_the_same_in_whatever_order_it_is_read(household: list[Interaction], tmp_path: Path) -> None:
    robin = Me(Handle("email", each) for each in OWNER_HANDLES)
    # some letters lie in a second folder too
    again = [replace(each, signals=replace(each.signals, labels=("Archive", "INBOX"))) for each in household[::7]]
    whole = Store(tmp_path / "whole.duckdb")
    capture(whole, Scripted.of(household, again), "source 0", robin)
    found = tables(whole)
    assert len(found["interaction"]) == len(household)
    assert len(found["person"]) > 20
    store = Store(tmp_path / "shuffled.duckdb")
    assert captured(store, household + again, Random(0), 1, robin) == found
    assert replay(store, robin) == 0
    assert {**tables(store), "own": []} == found


# What a replay changes


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb")


def test_a_replay_puts_right_whatever_was_believed(store: Store) -> None:
    world = [copy for copies in letters(Random(99), 40) for copy in copies]
    before = captured(store, world, Random(1), 1)
    with store.write() as tx:
        set_own(tx, sorted(me.canonicals))
        tx.execute("UPDATE interaction SET verdict = 'noise', rule = 'an old rule' WHERE id % 3 = 0")
        tx.execute("UPDATE handle SET interactions = 7, last_contact = NULL, name = 'Nobody' WHERE id % 2 = 0")
        tx.execute("UPDATE handle SET person_id = NULL WHERE id % 5 = 0")
        tx.execute("DELETE FROM answer")
    people = everything(store)["person ids"]
    wrong = len([row for row in tables(store)["interaction"] if row[9] == "an old rule"])
    assert replay(store, me) == wrong > 5
    assert tables(store) == {**before, "own": [('["email:me@example.org"]',)]}
    assert everything(store)["person ids"] == people


def test_a_change_of_ones_own_handles_is_as_if_they_had_always_been_ones_own(tmp_path: Path) -> None:
    world = [copy for copies in letters(Random(7), 60) for copy in copies]
    both = Me([Handle("email", ME), Handle("email", OTHER_ME)])
    late, early = Store(tmp_path / "late.duckdb"), Store(tmp_path / "early.duckdb")
    remember_me(late, me)
    captured(late, world, Random(1), 1)
    people = {canonical: number for number, canonical in everything(late)["person ids"]}
    assert remember_me(late, both) > 0
    remember_me(early, both)
    assert captured(early, world, Random(2), 1, both) == tables(late)
    assert remember_me(late, both) == 0
    # who stays a person keeps their number, also through the way back
    assert remember_me(late, me) > 0
    again = {canonical: number for number, canonical in everything(late)["person ids"]}
    assert people.items() <= again.items()


def test_ones_own_handles_are_remembered_before_there_is_anything_else(store: Store) -> None:
    assert remember_me(store, me) == 0
    with store.read() as reader:
        assert reader.own() == [f"email:{ME}"]
    remember_me(store, Me([]))
    with store.read() as reader:
        assert reader.own() == []


def test_an_answer_makes_noise_count_whichever_came_first(tmp_path: Path) -> None:
    question = mail(1, "desk@shop.example", unsubscribe=True)
    answer = mail(2, ME, "desk@shop.example", answers=1)
    to_somebody_else = mail(3, ME, "alice@example.org", answers=1)
    for turn, order in enumerate(([question, answer], [answer, question], [to_somebody_else, question, answer])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*[[each] for each in order]))
        rules = {row[1]: row[9] for row in tables(store)["interaction"]}
        assert rules["mid:1@mail.example"] == "answered"
        with store.read() as reader:
            assert [row["last_contact"] for row in reader.people(False, None, {}) if "desk" in row["name"]] == [NOW]
    for turn, order in enumerate(([question, to_somebody_else], [to_somebody_else, question])):
        store = Store(tmp_path / f"other{turn}.duckdb")
        capture(store, Scripted.of(*[[each] for each in order]))
        assert {row[1]: row[9] for row in tables(store)["interaction"]}["mid:1@mail.example"] == "newsletter"


@pytest.mark.parametrize(
    ("writer", "to", "rule"),
    [
        ("al.ice@gmail.com", "alice@googlemail.com", "answered"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "answered"),
        ("ann+shop@home.example", "ann@home.example", "answered"),
        # whoever writes to a list writes to it in any spelling
        ("garden+bounce@lists.example", "garden@lists.example", "list"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_whoever_wrote_is_answered_by_any_spelling(store: Store, writer: str, to: str, rule: str, turned: bool) -> None:
    list_id = "garden.lists.example" if rule == "list" else None
    said = [mail(1, writer, unsubscribe=True, list_id=list_id), mail(2, ME, to, answers=1)]
    capture(store, Scripted.of(*[[each] for each in (reversed(said) if turned else said)]))
    assert {row[1]: row[9] for row in tables(store)["interaction"]}["mid:1@mail.example"] == rule
    assert replay(store, me) == 0


def test_an_answer_to_a_list_makes_nothing_count_whichever_came_first(tmp_path: Path) -> None:
    by_the_list = mail(1, party("from", "garden@lists.example", "Alice via Garden"), list_id="garden.lists.example")
    by_somebody = mail(2, "alice@example.org", ["garden@lists.example"], list_id="garden.lists.example")
    answers = [mail(3, ME, "garden@lists.example", answers=1), mail(4, ME, "alice@example.org", answers=2)]
    for turn, order in enumerate(([by_the_list, by_somebody, *answers], [*answers, by_the_list, by_somebody])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*[[each] for each in order]))
        rules = {row[1]: row[9] for row in tables(store)["interaction"]}
        assert (rules["mid:1@mail.example"], rules["mid:2@mail.example"]) == ("list", "answered")
        assert replay(store, me) == 0


def test_mail_that_one_wrote_with_somebody_is_ones_own_also_when_it_is_answered(tmp_path: Path) -> None:
    joint = mail(1, ME, [party("from", "alice@example.org"), "garden@lists.example"], list_id="garden.lists.example")
    answer = mail(2, ME, "alice@example.org", answers=1)
    found = []
    for turn, order in enumerate(([joint, answer], [answer, joint])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*[[each] for each in order]))
        found.append(tables(store))
        assert replay(store, me) == 0
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "written",
    [
        mail(1, ME, [ME, "alice@example.org"]),
        meeting(1, ME, ["alice@example.org"]),
    ],
)
def test_whom_one_wrote_to_and_met_one_knows_also_when_one_answers_oneself(store: Store, written: Interaction) -> None:
    again = replace(mail(2, ME, ME, days=-1), answers=written.same_as)
    capture(store, Scripted.of([written], [again]))
    before = tables(store)
    assert [row[2] for row in before["person"]] == ["wrote" if written.kind == "mail" else "met"]
    assert replay(store, me) == 0
    assert {**tables(store), "own": []} == {**before, "own": []}


def test_a_mail_to_a_crowd_makes_no_people_whichever_copy_came_first(tmp_path: Path) -> None:
    """The copy that came back to the writer does not know of the blind copies."""
    back = mail(1, ME, ["alice@example.org", party("cc", ME)])
    crowd: list[str | Party] = [party("bcc", f"p{n}@example.org") for n in range(30)]
    sent = mail(1, ME, ["alice@example.org", party("cc", ME), *crowd])
    found = []
    for turn, pages in enumerate(([[back], [sent]], [[sent], [back]], [[back, sent]])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*pages))
        found.append(tables(store))
    assert found[0]["person"] == found[1]["person"] == found[2]["person"] == []
    assert found[0] == found[1] == found[2]


def test_what_was_withdrawn_leaves_nothing_that_was_believed_because_of_it(store: Store) -> None:
    kept = mail(1, ME, "bob@example.org")
    pages: list[list[Observation]] = [[kept, meeting(2, ME, ["alice@example.org", "bob@example.org"])], [Gone("event-2")]]
    capture(store, Scripted.of(*pages))
    after = tables(store)
    assert [row[0] for row in after["person"]] == ["email:bob@example.org"]
    replay(store, me)
    assert tables(store) == {**after, "own": [('["email:me@example.org"]',)]}


def test_a_page_in_which_an_item_goes_and_comes_says_what_its_last_word_says(tmp_path: Path) -> None:
    """The same as if each had been a page of its own."""
    event = meeting(2, "alice@example.org", [ME])
    orders: list[list[Observation]] = [
        [event, Gone("event-2")],
        [event, Gone("event-2"), event],
        [Gone("event-2"), event],
    ]
    for turn, order in enumerate(orders):
        one, many = Store(tmp_path / f"one{turn}.duckdb"), Store(tmp_path / f"many{turn}.duckdb")
        capture(one, Scripted.of(order))
        capture(many, Scripted.of(*[[each] for each in order]))
        assert len(tables(one)["interaction"]) == isinstance(order[-1], Interaction)
        assert tables(one)["interaction"] == tables(many)["interaction"]


def test_one_event_by_two_names_in_one_page_is_seen_under_both(tmp_path: Path) -> None:
    """As in two calendars of one account: when one of them goes, the event stays."""
    event = meeting(2, "alice@example.org", [ME])
    copy = replace(event, native_id="in-the-other-calendar")
    for turn, pages in enumerate(([[event, copy]], [[event], [copy]])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*pages))
        assert tables(store)["interaction"][0][-1] == ["mail event-2", "mail in-the-other-calendar"]
        capture(store, Scripted.of(*pages, [Gone("event-2")]))
        assert tables(store)["interaction"][0][-1] == ["mail in-the-other-calendar"]
        capture(store, Scripted.of(*pages, [Gone("event-2")], [Gone("in-the-other-calendar")]))
        assert tables(store)["interaction"] == tables(store)["party"] == []


def test_a_replay_goes_over_gaps_and_empty_files(store: Store) -> None:
    capture(store, Scripted.of([meeting(n, "alice@example.org", [ME]) for n in range(3)]))
    capture(store, Scripted.of([], [Gone("event-0"), Gone("event-1")]))
    with store.write() as tx:
        tx.execute("UPDATE interaction SET id = 1000000, rule = 'old'")
        tx.execute("UPDATE party SET interaction_id = 1000000")
    assert replay(store, me) == 1
    empty = Store(store.path.with_name("empty.duckdb"))
    assert replay(empty, me) == 0


def test_signals_are_all_that_a_replay_needs(store: Store) -> None:
    """Each signal that a verdict hangs on is kept."""
    said = [
        Signals(recipients=1, **each)
        for each in (
            {"list_id": "x"}, {"list_post": True}, {"unsubscribe": True}, {"precedence": "bulk"}, {"missed": True},
            {"auto_submitted": "auto-replied"}, {"null_return_path": True}, {"feedback_id": True},
            {"calendar": "answer"}, {"partstat": "declined"}, {"attendees": 30},
        )
    ]  # fmt: skip
    capture(store, Scripted.of([replace(mail(n), signals=each) for n, each in enumerate(said)]))
    before = tables(store)
    with store.write() as tx:
        tx.execute("UPDATE interaction SET verdict = 'counts', rule = 'forgotten'")
    assert replay(store, me) == len(said)
    assert tables(store)["interaction"] == before["interaction"]


SOME_RULES = [
    Rule("shop", "counts", domain=("shop.example",)),
    Rule("choir", "presence", subject=("grüße*",), address=("*carol*", "c.arol@*")),
    Rule("greeting", "noise", subject=("*ell*",), folder=("archive",)),
    Rule("list", "counts", list=("garden.*",)),
]


@pytest.mark.parametrize("rules", [[], SOME_RULES])
def test_whatever_is_judged_together_is_judged_as_each_would_be_alone(store: Store, rules: list[Rule]) -> None:
    """Also where the user always answers somebody, or never does, and where interactions are many more than their kinds."""
    own = Me([Handle("email", ME)], rules)
    world = [copy for copies in letters(Random(17), 80) for copy in copies]
    answers = ("accepted", "declined", "needs-action")
    for n in range(60):
        sender = ME if n % 3 == 0 else party("organizer", PEOPLE[n % 5], NAMES[n % 7])
        others = [PEOPLE[(n + 1) % 5], OTHERS[n % 4], *([] if n % 3 == 0 else [ME])]
        world.append(meeting(n, sender, others, days=n - 5, me=answers[n // 3 % 3], bob=answers[n % 2]))
    desk, bot = party("from", "desk@office.example", "Desk"), party("from", "offers@loaf.example", "Ida Loaf")
    for n in range(1000, 1008):
        world += [mail(n, desk, days=5, precedence="bulk"), mail(n + 100, ME, "desk@office.example", answers=n, days=4)]
    world += [mail(n, bot, days=n / 9, reply_to=(f"{n}@loaf.example",)) for n in range(2000, 2210)]
    world += [mail(3000, bot, [ME, party("from", "desk@office.example")], unsubscribe=True)]
    remember_me(store, own)
    found = captured(store, world, Random(3), 1, own)
    with store.write() as tx:
        tx.execute("UPDATE interaction SET verdict = 'counts', rule = 'forgotten'; DELETE FROM answer; DELETE FROM learned")
        tx.execute("UPDATE handle SET origin = NULL")
    assert replay(store, own) == len(found["interaction"])
    assert tables(store) == found
    with store.write() as tx:
        every = interactions_by_id(tx.connection, [row[0] for row in tx.execute("SELECT id FROM interaction")])
        answered = {(each.key, each.to) for each in tx.answered([kept.key for kept in every.values()])}
        own.learned = dict(tx.execute("SELECT canonical, verdict FROM learned"))
        origins: dict[str, str] = {}
        for kept in every.values():
            senders = [canonical(party.handle) for party in writers(kept.interaction)]
            verdict = judge(kept.interaction, own, any((kept.key, who) in answered for who in senders))
            assert verdict == (kept.verdict, kept.rule)
            add(origins, somebody(kept.interaction, *verdict, own, tx.now))
        assert origins == dict(tx.execute("SELECT DISTINCT canonical, origin FROM handle WHERE origin IS NOT NULL"))
    rules_ = {kept.rule for kept in every.values()}
    assert {"always answered", "never answered", "accepted by you"} <= rules_
    assert not rules or {"your rule shop", "your rule choir", "your rule greeting", "your rule list"} <= rules_


def test_the_signals_that_no_verdict_hangs_on_make_no_other_of_any(household: list[Interaction]) -> None:
    robin = Me(Handle("email", each) for each in OWNER_HANDLES)
    other = Signals(0, sender="x@example.org", reply_to=("x",), resent_from="x", date_from="none", suppress=True)
    said = {name: getattr(other, name) for name in NOT_JUDGED}
    for one in household:
        changed = replace(one, signals=replace(one.signals, **said))
        assert judge(one, robin, False) == judge(changed, robin, False)
