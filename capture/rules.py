"""Rules of the user's own, as the configuration has them: what a mail, a meeting or a message is, by whom and what it is about.

A rule says one verdict, and what has to be so for it: all of what it names. The first that fits decides, before every rule of
kith's but one: what the user answered is no noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from capture.match import Me
    from capture.place import Place
    from connectors.base import Handle, Interaction

Verdict = Literal["counts", "presence", "noise"]

OWN_RULE = "your rule "
"""What the names of rules of the user's own begin with."""

NAMES = ("address", "domain", "list", "folder", "subject")
"""What a rule may name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One ``[[rule]]``. Texts are in lower case.

    ``*`` and ``?`` stand for anything in all but ``domain``, and brackets for themselves.
    """

    name: str
    verdict: Verdict
    address: tuple[str, ...] = ()
    """Addresses of others who have a part in it."""
    domain: tuple[str, ...] = ()
    """Domains of others who have a part in it; those below them are meant, too."""
    list: tuple[str, ...] = ()
    """Names of lists, as in List-Id."""
    folder: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()

    def fits(self, interaction: Interaction, me: Me) -> bool:
        """Whether all that the rule names is so."""
        said = interaction.signals
        others = [p.handle for p in interaction.parties if not me.is_me(p.handle)]
        return (
            (not self.address or any(map(self.by_address, others)))
            and (not self.domain or any(map(self.by_domain, others)))
            and (not self.list or _any([said.list_id or ""], self.list))
            and (not self.folder or _any([label.lower() for label in said.labels], self.folder))
            and (not self.subject or self.by_subject(interaction.title))
        )

    def by_address(self, other: Handle) -> bool:
        """Whether it names this address of somebody else's."""
        return _any([other.value.lower()], self.address)

    def by_domain(self, other: Handle) -> bool:
        """Whether it names the domain of this address of somebody else's, or one above it."""
        return any(_below(other.value.lower(), domain) for domain in self.domain)

    def by_subject(self, title: str | None) -> bool:
        """Whether it names this subject."""
        return _any([(title or "").lower()], self.subject)

    def __str__(self) -> str:
        named = [f"{name} {' or '.join(getattr(self, name))}" for name in NAMES if getattr(self, name)]
        return f"{' and '.join(named)}: {self.verdict}"


def first(rules: Sequence[Rule], interaction: Interaction, me: Me) -> Rule | None:
    """The rule that decides; None if none fits."""
    return next((rule for rule in rules if rule.fits(interaction, me)), None)


def said_as(rule: Rule) -> str:
    """What the rule is called beside a verdict."""
    return f"{OWN_RULE}{rule.name}"


def read(value: dict[str, Any], place: Place, number: int) -> Rule:
    """The rule of a table in the configuration, the ``number``-th of them. Raises ConfigError."""
    for key in value:
        if key not in ("name", "verdict", *NAMES):
            raise place.unknown(key, ("name", "verdict", *NAMES))
    said = value.get("verdict")
    verdict: Verdict | None = next((each for each in get_args(Verdict) if each == said), None)
    if verdict is None:
        where = place.at("verdict") if "verdict" in value else place
        raise where.error("a rule says what it makes of things", 'write verdict = "counts", "presence" or "noise"')
    named: dict[str, tuple[str, ...]] = {}
    for key in NAMES:
        if key in value:
            some = value[key] if isinstance(value[key], list) else [value[key]]
            if not some or not all(isinstance(text, str) and text.strip() for text in some):
                raise place.at(key).error(f"{key} must be a text or a list of texts", f'write {key} = "…"')
            named[key] = tuple(text.strip().lower() for text in some)
    if not named:
        raise place.error("this rule fits everything", f"name something: {', '.join(NAMES)}")
    name = value.get("name", str(number))
    if not isinstance(name, str) or not name.strip():
        raise place.at("name").error("name must be a text", 'write it in quotes: name = "shop"')
    return Rule(" ".join(name.split()), verdict, **named)


def _any(values: Iterable[str], patterns: Iterable[str]) -> bool:
    # a bracket is a bracket, as in "[kith-dev]" before a subject: only * and ? stand for anything
    plain = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatchcase(value, pattern) for value in values for pattern in plain)


def _below(value: str, domain: str) -> bool:
    at = value.rpartition("@")[2]
    return at == domain or at.endswith(f".{domain}")
