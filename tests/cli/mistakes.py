"""What people write into a configuration that is not right: the text, the line that is told, and a word that mends it."""

from __future__ import annotations

SOURCE = '[[source]]\nname = "mail"\ntype = "imap"\nhost = "imap.example.org"\nuser = "me"\n'
SECRET = 'password = { env = "X" }\n'
DAV = '[[source]]\nname = "dav"\ntype = "caldav"\nuser = "me"\n' + SECRET
FILES = '[[source]]\nname = "files"\ntype = "vcf"\npath = "~/none"\n'

Mistakes = list[tuple[str, int | None, str]]

WHOLE: Mistakes = [
    ("me.handles = [", None, "this is not TOML"),
    ("[me]\nname = ", 2, "this is not TOML"),
    ("[me\n", 1, "this is not TOML"),
    ('[me]\nname = "Robin\n', 2, "this is not TOML"),
    ("[me]\nname = Robin\n", 2, "this is not TOML"),
    ("[me]\n[me]\n", 2, "this is not TOML"),
    ('[me]\nname = "a"\nname = "b"\n', 3, "this is not TOML"),
    ("[mee]\n", 1, "me"),
    ("[cadense]\n", 1, "cadence"),
    ("[[sources]]\n", 1, "source"),
    ("[notifi]\ndesktop = true\n", 1, "notify"),
    ("[me]\nhandle = []\n", 2, "handles"),
    ('[me]\nhandles = "me@example.org"\n', 2, "list"),
    ('[me]\nhandles = ["nonsense"]\n', 2, "nonsense"),
    ('[me]\nhandles = ["me@example.org", 7]\n', 2, "quotes"),
    ('[me]\nhandles = ["a@b@example.org"]\n', 2, "country code"),
    ('[me]\nhandles = ["030 1234567"]\n', 2, "country code"),
    ("[me]\nname = 5\n", 2, "quotes"),
    ('me = "me@example.org"\n', 1, "table"),
    ('[me]\nzone = "Europe/Berln"\n', 2, "Europe/Berlin"),
    ("[me]\nzone = 1\n", 2, "quotes"),
    ('[me]\nregion = "Germany"\n', 2, "DE"),
    ('[me]\nregoin = "DE"\n', 2, "region"),
    ('[cadence]\ndefault = "soon"\n', 2, "2 weeks"),
    ('[cadence]\ndefault = "5 m"\n', 2, "months"),
    ("[cadence]\ndefault = 14\n", 2, "quotes"),
    ('[cadence]\ndefault = "1000 years"\n', 2, "100 years"),
    ('[cadence]\ntags = { family = "never" }\n', 2, "never"),
    ('[cadence]\ntags = { family = "2 weeks", Family = "3 weeks" }\n', 2, "twice"),
    ('[cadence]\ntags = ["family"]\n', 2, "table"),
    ('[cadence]\ntag = { family = "2 weeks" }\n', 2, "tags"),
    ('[notify]\ncommand = "mail me"\n', 2, "list of words"),
    ("[notify]\ncommand = []\n", 2, "list of words"),
    ('[notify]\ndesktop = "yes"\n', 2, "true or false"),
    ('[store]\nkey = "hunter2"\n', 2, "fetched"),
    ('[store]\nkey = { keyring = "a", env = "B" }\n', 2, "one way"),
    ('[store]\nkye = { env = "B" }\n', 2, "key"),
    ('[source]\nname = "a"\n', None, "[[source]]"),
    ('[[source]]\ntype = "imap"\n', 1, "name"),
    ('[[source]]\nname = "a"\n', 1, "type"),
    ('[[source]]\nname = "a b"\ntype = "imap"\n', 2, "letters"),
    ('[[source]]\nname = ""\ntype = "imap"\n', 2, "quotes"),
    ('[[source]]\nname = 7\ntype = "imap"\n', 2, "quotes"),
    (SOURCE + SOURCE, 7, "two sources are named"),
    (SOURCE + 'password = "hunter2"\n', 6, "fetched"),
    (SOURCE + 'every = "0 s"\n', 6, "write a length"),
    (SOURCE + 'every = "never"\n', 6, "2 minutes"),
    (SOURCE + "every = 60\n", 6, "quotes"),
    (SOURCE + "budget = 500\n", 6, "quotes"),
    (SOURCE + 'budget = "500"\n', 6, "500 MB"),
    (SOURCE + 'budget = "0 MB"\n', 6, "none"),
    (SOURCE + "connections = 0\n", 6, "1 to 100"),
    (SOURCE + 'connections = "2"\n', 6, "connections = 2"),
    (SOURCE + "connections = true\n", 6, "1 to 100"),
    ('[rule]\nverdict = "noise"\n', None, "[[rule]]"),
    ('[[rule]]\naddress = "a@example.org"\n', 1, "verdict"),
    ('[[rule]]\nverdict = "nose"\naddress = "a@example.org"\n', 2, "noise"),
    ('[[rule]]\nverdict = "noise"\nadress = "a@example.org"\n', 3, "address"),
]
"""What is wrong with all of it: no command can begin."""

OF_ONE: Mistakes = [
    ('[[source]]\nname = "a"\ntype = "imapp"\n', 3, "imap"),
    (SOURCE, 1, "password"),
    (SOURCE + SECRET + "prot = 993\n", 7, "port"),
    (SOURCE + SECRET + 'port = "many"\n', 7, "port"),
    (SOURCE + SECRET + "port = 70000\n", 7, "port"),
    (SOURCE + 'password = { envv = "X" }\n', 6, "env"),
    (SOURCE + SECRET + 'tls = "none"\n', None, "localhost"),
    (SOURCE + SECRET + 'tls = "maybe"\n', 7, "tls"),
    (SOURCE + SECRET + "timeout = 0\n", 7, "timeout"),
    (SOURCE + SECRET + 'buget = "1 GB"\n', 7, "budget"),
    (SOURCE + SECRET + "conections = 3\n", 7, "connections"),
    (DAV, 1, "url"),
    (DAV + 'url = "ftp://dav.example.org/"\n', None, "https"),
    (FILES + 'region = "Germany"\n', 5, "region"),
    ('[[source]]\nname = "a"\ntype = "maildir"\n', 1, "path"),
]
"""What is wrong with one source, of a type that kith has: a sync says so, and a recall does not mind."""

OF_OWN: Mistakes = [
    ('[[source]]\nname = "a"\ntype = "calls:Calls"\n', 3, "calls.py"),
    ('[[source]]\nname = "a"\ntype = "json:JSONDecoder"\n', 3, "connector"),
]
"""The same, of a connector of one's own, which a daemon does not load by itself."""
