"""Rules of the user's own, and what is learned from how they behave: the same whenever and in whatever order it is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.config import ConfigError, load
from capture.judge import ALWAYS_ANSWERED, NEVER_ANSWERED, judge
from capture.learn import NEVER, OFTEN
from capture.match import Me
from capture.replay import remember_me, replay
from capture.rules import Rule
from connectors.base import Interaction
from store import learn as stored
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, capture, everything, mail, me, meeting, party

SHOP, ALICE, ROBOT = "offers@shop.example", "alice@example.org", "tickets-noreply@work.example"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb")


@pytest.mark.parametrize(
    ("rule", "interaction", "fits"),
    [
        (Rule("x", "noise", address=(SHOP,)), mail(1, SHOP), True),
        (Rule("x", "noise", address=("*@shop.example",)), mail(1, SHOP), True),
        (Rule("x", "noise", address=(SHOP,)), mail(1, ALICE), False),
        (Rule("x", "noise", address=(ME,)), mail(1, ALICE), False),
        (Rule("x", "noise", domain=("shop.example",)), mail(1, "a@mail.shop.example"), True),
        (Rule("x", "noise", domain=("shop.example",)), mail(1, "a@myshop.example"), False),
        (Rule("x", "counts", list=("garden.*",)), mail(1, ALICE, list_id="garden.lists.example"), True),
        (Rule("x", "counts", list=("garden.*",)), mail(1, ALICE), False),
        (Rule("x", "noise", folder=("archive/*",)), mail(1, ALICE, labels=("Archive/Shop",)), True),
        (Rule("x", "noise", subject=("*out of office*",)), mail(1, ALICE, title="Re: Out of Office"), True),
        (Rule("x", "noise", subject=("*[jira]*",)), mail(1, ALICE, title="Re: [JIRA] KITH-12 updated"), True),
        (Rule("x", "noise", subject=("*[jira]*",)), mail(1, ALICE, title="Dinner on Friday?"), False),
        (Rule("x", "noise", folder=("[gmail]/s?am",)), mail(1, ALICE, labels=("[Gmail]/Spam",)), True),
        (Rule("x", "noise", address=(ALICE,), subject=("*sale*",)), mail(1, ALICE, title="Hello"), False),
    ],
)
def test_a_rule_fits_where_all_that_it_names_is_so(rule: Rule, interaction: Interaction, fits: bool) -> None:
    verdict, name = judge(interaction, Me([party("from", ME).handle], [rule]), answered=False)
    assert (name == "your rule x") is fits
    if fits:
        assert verdict == rule.verdict


def test_the_first_rule_that_fits_decides_and_an_answer_goes_before_it() -> None:
    both = [Rule("a", "noise", address=(ALICE,)), Rule("b", "presence", domain=("example.org",))]
    user = Me([party("from", ME).handle], both)
    assert judge(mail(1, ALICE), user, answered=False) == ("noise", "your rule a")
    assert judge(mail(1, ALICE), user, answered=True) == ("counts", "answered")
    assert judge(mail(1, "bob@example.org"), user, answered=True) == ("presence", "your rule b")
    assert judge(meeting(1, ALICE, [ME], me="accepted"), user, answered=False) == ("noise", "your rule a")


def test_a_rule_that_changes_is_applied_to_all_history_without_a_fetch(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ALICE), mail(2, SHOP, unsubscribe=True)]))
    user = Me([party("from", ME).handle], [Rule("a", "noise", address=(ALICE,)), Rule("b", "counts", address=(SHOP,))])
    assert remember_me(store, user) == 2
    assert remember_me(store, user) == 0
    assert rules(store) == {"your rule a": 1, "your rule b": 1}
    assert remember_me(store, me) == 2
    assert rules(store) == {"personal": 1, "newsletter": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rule]]\naddress = "a@b.example"', "what it makes of things"),
        ('[[rule]]\nverdict = "junk"\naddress = "a@b.example"', "what it makes of things"),
        ('[[rule]]\nverdict = "noise"', "fits everything"),
        ('[[rule]]\nverdict = "noise"\naddres = "a@b.example"', "no setting of [[rule]]"),
        ('[[rule]]\nverdict = "noise"\naddress = 5', "a text or a list"),
        ('[[rule]]\nverdict = "noise"\naddress = "a@b.example"\nname = 5', "name must be a text"),
        ('rule = "x"', "double brackets"),
    ],
)
def test_a_rule_that_cannot_be_understood_says_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=str(file)) as error:
        load(file)
    assert said in error.value.what


def test_rules_are_read_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    first = '[[rule]]\nname = "shop"\nverdict = "noise"\ndomain = "Shop.example"\n'
    file.write_text(first + '[[rule]]\nverdict = "counts"\nlist = ["A", "b"]')
    file.chmod(0o600)
    assert [str(rule) for rule in load(file).rules] == ["domain shop.example: noise", "list a or b: counts"]
    assert [rule.name for rule in load(file).rules] == ["shop", "2"]


# What is learned ---------------------------------------------------------------------------------------------------------


def rules(store: Store) -> dict[str, int]:
    with store.read() as reader:
        rows = reader.connection.execute("SELECT rule, count(*) FROM interaction GROUP BY rule ORDER BY ALL").fetchall()
    return dict(rows)


def learned(store: Store) -> dict[str, object]:
    with store.read() as reader:
        return dict(stored.learned(reader.connection))


def never(count: int) -> list[Interaction]:
    return [mail(n, party("from", SHOP, "Shop Offers"), days=n) for n in range(count)]


def always(count: int, sender: str = ROBOT, first: int = 1000) -> list[Interaction]:
    """A robot's mail, of which the user answers all but the last."""
    asked = [mail(first + n, party("from", sender, "Work"), days=n, auto_submitted="auto") for n in range(count)]
    answers = [mail(first + 1000 + n, ME, sender, days=n, answers=first + n) for n in range(count - 1)]
    return asked + answers


def test_who_is_never_answered_in_so_many_mails_is_noise(store: Store) -> None:
    source = Scripted.of(never(NEVER - 1))
    capture(store, source)
    assert rules(store) == {"personal": NEVER - 1}
    source.say(mail(999, party("from", SHOP, "Shop Offers")))
    capture(store, source)
    assert rules(store) == {NEVER_ANSWERED: NEVER}
    with store.read() as reader:
        assert reader.people(False, None, {}) == []
    # an answer ends it
    source.say(mail(5000, ME, SHOP, answers=3))
    capture(store, source)
    assert rules(store) == {"personal": NEVER, "written by you": 1}


def test_whom_the_user_always_answers_counts_whatever_it_looks_like(store: Store) -> None:
    capture(store, Scripted.of(always(OFTEN + 1)))
    assert rules(store)[ALWAYS_ANSWERED] == 1
    assert rules(store)["answered"] == OFTEN
    assert "automatic" not in rules(store)


def test_nothing_is_learned_of_a_list_that_gives_its_own_address_for_its_writers(store: Store) -> None:
    garden = "garden@lists.example"
    asked = [mail(n, party("from", garden, "Alice via Garden"), days=n, list_id="garden.lists.example") for n in range(NEVER)]
    answers = [mail(1000 + n, ME, garden, answers=n) for n in range(NEVER)]
    source = Scripted.of(asked)
    for more in ([mail(900, garden)], [*answers, mail(901, garden, auto_submitted="auto")]):
        source.say(*more)
        capture(store, source)
        assert learned(store) == {}
        assert not {NEVER_ANSWERED, ALWAYS_ANSWERED} & rules(store).keys()
        assert replay(store, me) == 0


def test_of_two_senders_the_lesson_of_each_holds_whoever_wrote_last(store: Store) -> None:
    other = "list@club.example"
    source = Scripted.of([*always(2 * OFTEN + 1), *always(2 * OFTEN + 1, other, 3000)])
    capture(store, source)
    source.say(mail(5000, ROBOT, [party("from", other), party("to", ME)], auto_submitted="auto"))
    capture(store, source)
    assert rules(store)[ALWAYS_ANSWERED] == 3
    # of the one nothing is learned any more, and nothing new came from the other
    source.say(*(mail(6000 + n, other, auto_submitted="auto") for n in range(2 * OFTEN)))
    capture(store, source)
    assert rules(store)[ALWAYS_ANSWERED] == 2
    assert replay(store, me) == 0


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_learned_is_the_same_in_any_order_and_after_a_replay(tmp_path: Path, turned: bool) -> None:
    said = never(NEVER + 3) + always(OFTEN + 2)
    one, other = Store(tmp_path / "one.duckdb"), Store(tmp_path / "other.duckdb")
    capture(one, Scripted.of(said))
    source = Scripted.of()
    for n in range(0, len(said), 60):
        source.say(*(said[::-1] if turned else said)[n : n + 60])
        if n % 120 == 0:
            capture(other, source)
    capture(other, source)
    assert everything(other)["interaction"] == everything(one)["interaction"]
    assert everything(other)["handle"] == everything(one)["handle"]
    assert replay(other, me) == 0
    assert everything(other)["interaction"] == everything(one)["interaction"]
    assert everything(other)["handle"] == everything(one)["handle"]
