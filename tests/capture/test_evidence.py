"""What speaks for two handles being one person, and that names and addresses alone never link."""

from __future__ import annotations

import pytest

from capture.evidence import LINK, SHOWN, SUGGEST, WEIGHTS, Rarity, features, score
from capture.profile import Profile
from store.relate import Together


def profile(address: str, *names: str) -> Profile:
    return Profile(f"email:{address}", "wrote", dict.fromkeys(names, 1))


ALICE = profile("alice@work.example", "Alice Example")
PHONE = Profile("phone:+49301234567", "wrote", {"Alice Example": 1})
SAME = profile("alice@home.example", "Alice Example")


def test_names_and_addresses_alone_are_never_enough_to_link() -> None:
    names = max(bits for name, bits in WEIGHTS.items() if "name" in name and name not in {"rare name", *SHOWN})
    local = max(WEIGHTS["same local part"], WEIGHTS["same unusual local part"], WEIGHTS["address made from the other's name"])
    assert names + local + WEIGHTS["one company under two domains"] + Rarity.MOST < LINK


def test_what_the_matcher_has_to_see_is_a_feature_that_speaks_for_it() -> None:
    assert all(WEIGHTS[name] > 0 for name in SHOWN)


@pytest.mark.parametrize(
    ("one", "other", "seen", "expected"),
    [
        (ALICE, profile("x@home.example", "Alice Example"), Together(), ["same name"]),
        (ALICE, SAME, Together(threads=1), ["same name", "same local part", "in one conversation"]),
        (ALICE, SAME, Together(threads=1, both=1), ["same name", "same local part", "both in one mail"]),
        (ALICE, SAME, Together(circle=1), ["same name", "same local part", "one correspondent in common"]),
        (ALICE, SAME, Together(circle=2), ["same name", "same local part", "two correspondents in common"]),
        (ALICE, SAME, Together(circle=9), ["same name", "same local part", "several correspondents in common"]),
        (ALICE, SAME, Together(answers=True), ["same name", "same local part", "named as the address for answers"]),
        (ALICE, SAME, Together(crowds=2), ["same name", "same local part", "both in one mass mail"]),
        (ALICE, profile("alice@work-group.example", "Alice Example"), Together(),
         ["same name", "same local part", "one company under two domains"]),
        (profile("siggy@x.example", "Alice Example"), profile("siggy@y.example", "Alice Example"), Together(),
         ["same name", "same unusual local part"]),
        (profile("alice.example@x.example", "Alice Example"), profile("alice.example2@x.example", "Alice Example"), Together(),
         ["same name", "numbered at one domain"]),
        (ALICE, profile("family@x.example", "Alice Example"), Together(), ["same name", "address of an office or a family"]),
        (ALICE, profile("x@x.example", "Alice Example", "Bob Example"), Together(),
         ["same name", "written under several names"]),
        (ALICE, profile("aexample@x.example"), Together(), ["no name, address made from the name"]),
        (PHONE, profile("aexample@x.example"), Together(), ["no name, address made from the name"]),
        (profile("zuckerhut@x.example"), profile("zuckerhut@y.example"), Together(), ["no name, same local part"]),
        (profile("a@x.example", "zuckerhut"), profile("b@y.example", "Zuckerhut"), Together(), ["same name of one word"]),
        # two people
        (ALICE, profile("bob@work.example", "Bob Example"), Together(threads=3, circle=9), []),
        (profile("bob@x.example"), profile("carol@y.example"), Together(), []),
    ],
)  # fmt: skip
def test_what_is_known_of_two_handles_has_names(
    one: Profile, other: Profile, seen: Together, expected: list[str]
) -> None:
    assert features(one, other, seen) == expected
    assert sorted(features(other, one, seen)) == sorted(expected)


def test_a_rare_name_says_more_than_one_that_many_have() -> None:
    rare = Rarity({"alise": 2, "eksample": 2}, 500).bits(ALICE, SAME)
    common = Rarity({"alise": 60, "eksample": 80}, 500).bits(ALICE, SAME)
    assert rare == Rarity.MOST
    assert common == -Rarity.MOST
    assert score(["same name"], rare) >= SUGGEST > score(["same name"], common)
