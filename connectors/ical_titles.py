"""Whom an event is with, where nobody is asked to it and its title says so: "Lunch with Alice Example", "Bob <> Alice".

That is how people write in calendars of their own. A title names somebody only in a form that is used for that, and only if
what it names is written as a name is; a meeting that is not seen for one costs less than a dentist who is somebody one knows.
"""

from __future__ import annotations

import re

MOST = 4
"""Names in one title."""
_LONGEST = 200

_DONE = (
    # English, then German, French, Spanish, Italian, Portuguese, Dutch, Scandinavian, Polish, Russian
    r"1\s?:\s?1s?|1[- ]?on[- ]?1|1-1|one[- ]on[- ]one|"
    r"(?:quick |weekly |monthly |intro |phone |video |zoom |teams )?(?:call|chat|sync)|"
    r"(?:a )?(?:lunch|coffee|tea|dinner|breakfast|brunch|drinks?|beers?|wine|pizza|walk|hike|run|tennis|golf)|"
    r"phone|zoom|teams|skype|facetime|meet(?:ing|up)?|catch[- ]?up|interview|visit(?:ing)?|appointment|talk(?:ing)?|see|"
    r"mittagessen|mittag|abendessen|frühstück|kaffee(?:trinken)?|telefonat|telefonieren|anruf|treffen|essen|gespräch|besuch|"
    r"bier|spaziergang|termin|"
    r"déjeuner|dîner|petit[- ]déjeuner|café|appel|rdv|rendez-vous|réunion|apéro|"
    r"comida|almuerzo|cena|desayuno|llamada|reunión|cita|"
    r"pranzo|caffè|colazione|chiamata|incontro|riunione|aperitivo|"
    r"almoço|jantar|reunião|ligação|"
    r"koffie|diner|bellen|afspraak|borrel|"
    r"lunsj|middag|kaffe|samtal|möte|møde|møte|"
    r"obiad|kawa|kolacja|rozmowa|spotkanie|"
    r"обед|ужин|кофе|звонок|встреча|созвон"
)
_WITH = r"with|w/|mit|avec|con|com|met|med|z|ze|с|со|:|-|–|—"
_MEETS = re.compile(rf"(?:{_DONE})(?:\s+(?:{_WITH})(?=\s|\W)|\s*[:–—-])?\s+(?P<whom>\S.*)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*<-?>\s*|\s*/\s*|\s+x\s+|\s*↔\s*|\s*⟷\s*")
_AMONG = re.compile(r"\s*(?:,|&|\+|;|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b|\bi\b|\bи\b)\s*")
_AFTER = re.compile(r"\s*(?:\(.*|\[.*|[|@–—].*|\s-\s.*|\b(?:re:?|about|wegen|über|at|in|im|bei|chez|via|on|am|um)\s.*)$")
_WRITTEN_SMALL = """
    van von vom zu zum zur de del della di da das do dos du la le los der den ten ter af av al el bin ben ibn y e i
"""
_SMALL = frozenset(_WRITTEN_SMALL.split())
_TITLES = re.compile(r"^(?:(?:mr|mrs|ms|miss|dr|prof|frau|herr|mme|m|sr|sra|dott|ing)\.?\s+)+", re.IGNORECASE)
_WRITTEN_THINGS = """
    team staff board all everyone office bank dentist doctor zahnarzt arzt client customer support review planning
    standup friends family mom mum dad parents kids school group project product sales marketing engineering design hr
    it legal finance status update weekly monthly quarterly daily prep kickoff kick-off retro retrospective demo
    workshop training break time today tomorrow monday tuesday wednesday thursday friday saturday sunday montag
    dienstag mittwoch donnerstag freitag samstag sonntag home work plan notes vet lawyer insurance landlord plumber
    electrician recruiter candidate investor investors partner partners vendor vendors room zoom teams meeting call
    lunch dinner coffee breakfast café cafe restaurant bar hotel airport station house club papers reservation booked
    birthday party conference company kollegen familie freunde eltern oma opa mama papa schule kita verein
"""
_THINGS = frozenset(_WRITTEN_THINGS.split())


def named(title: str) -> tuple[str, ...]:
    """The names of the people that the title of an event says it is with; none if it does not say."""
    text = " ".join(title[: _LONGEST + 1].split())
    if len(text) > _LONGEST:
        return ()
    found = _MEETS.fullmatch(text)
    if found is not None:
        return _people(_AMONG.split(_AFTER.sub("", found["whom"])))
    sides = _BETWEEN.split(text)
    if len(sides) == 2:
        before, colon, after = sides[0].rpartition(":")
        sides[0] = after if colon and len(before) < 30 else sides[0]
        return _people([_AFTER.sub("", side) for side in sides])
    return ()


def _people(parts: list[str]) -> tuple[str, ...]:
    """The names among the parts of a list; none if one of the parts is no name."""
    names = dict.fromkeys(_TITLES.sub("", part.strip(" .,:;!?\"'“”„")) for part in parts if part.strip())
    return tuple(names) if 0 < len(names) <= MOST and all(map(_is_name, names)) else ()


def _is_name(text: str) -> bool:
    """Whether it is written as the name of a person is: up to five words that begin with a capital, or in a script
    without capitals."""
    words = text.split()
    if not 0 < len(words) <= 5 or any(word.casefold().strip(".") in _THINGS for word in words):
        return False
    cased = text.lower() != text.upper()
    if not all(each.isalpha() or each in " .'’-·" for each in text) or (cased and len(text) < 2):
        return False
    for word in words:
        first = word.lstrip("'’")[:1]
        capital = first.isupper() or (first.isalpha() and first.lower() == first.upper())
        small = word.casefold() in _SMALL and len(words) > 1
        if not capital and not small and not word.casefold().startswith(("d'", "d’", "l'", "o'")):
            return False
    # all of it in capitals is an abbreviation
    return not (text.isupper() and cased and len(words) == 1 and len(text) <= 3)
