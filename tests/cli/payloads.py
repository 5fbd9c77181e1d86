"""What a stranger may write to make a terminal, or the person before it, do something."""

from __future__ import annotations

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"

SEQUENCES = ("31m", "2J", "H", "1;1H", "?25l", "?1049h", "6n", "c", ">c", "0c", "5i", "20t", "21t")
CSI = [f"{ESC}[{rest}" for rest in SEQUENCES]
OSC = [
    f"{ESC}]{rest}{end}"
    for rest in ("0;owned", "2;owned", "8;;https://evil.example", "52;c;ZXZpbA==", "4;1;?", "1337;File=:AAAA", "9;note")
    for end in (BEL, ST)
]
STRINGS = (f"P0;1|17/ab{ST}", f"_Ga=q{ST}", f"^pm{ST}", f"Xsos{ST}", "c", "#8", "(0", "7", "8", "=", "Z")
OTHER = [f"{ESC}{rest}" for rest in STRINGS]
C1 = ["\x9b31m", "\x9d0;owned\x9c", "\x90q\x9c", "\x9f\x9c", "\x9e\x9c", "\x98\x9c", "\x85", "\x84", "\x8d", "\x9a"]
C0 = ["\r", "\b\b\b\b", "\n", "\x0b", "\x0c", "\x07", "\x05", "\x0e", "\x0f", "\x7f", "\t\t", "a\rb", "a\bb"]
C0 += ["\x1a", "\x18", "\x01"]
BIDI = [chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C)]
UNSEEN = (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD, 0x180E, 0x34F, 0x3164, 0x115F, 0xFFA0, 0x2028, 0x2029)
INVISIBLE = [chr(c) for c in (*UNSEEN, 0xFFF9, 0xE0001, 0xE0041, 0xE007F, 0x1D173, 0xFE0F, 0xE0100)]
MARKUP = ["[bold red]owned[/]", "[link=https://x.example]here[/link]", "[blink]", "[/]", ":skull:", "[@click=quit]x[/]"]
TRICKS = ["\\x1b[31m", "\\u001b[2J", "%1b[31m", "${PATH}", "$(id)", "`id`", "'; DROP TABLE person; --", "{0}", "%s%n"]

MARKED = "👍\ufe0f👩\u200d👩\u200d👧"

PAYLOADS = [*CSI, *OSC, *OTHER, *C1, *C0, *BIDI, *INVISIBLE, *MARKUP, *TRICKS, MARKED]
