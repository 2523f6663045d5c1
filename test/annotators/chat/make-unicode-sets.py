"""Writes annotators/chat/unicode-sets.ts: the Unicode properties as the Python package `tokenizers` sees them.

    python test/annotators/chat/make-unicode-sets.py > annotators/chat/unicode-sets.ts

Asks its regular expressions which code points are letters and numbers, and its NFC which ones it reorders and composes. The candidates
for the latter come from `unicodedata`, whose Unicode version must not be the older one.
"""

import unicodedata
from importlib.metadata import version

from tokenizers import Regex, normalizers, pre_tokenizers

code_points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
nfc = normalizers.NFC().normalize_str


def matching(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    return [(c, None) for c in code_points if not split.pre_tokenize_str(chr(c))]


def reordered():
    """Code points with their combining class, where it is not 0: NFC puts the lower class first."""
    for c in code_points:
        combining_class = unicodedata.combining(chr(c))
        if combining_class == 0:
            continue
        pair = "\u0300" + chr(c) if combining_class < 230 else chr(c) + ("\u0316" if combining_class == 230 else "\u0300")
        if nfc("q" + pair) != "q" + pair:
            yield c, combining_class


def decomposed():
    """Code points other than Hangul syllables whose canonical decomposition is not themselves, and which NFC knows as such."""
    for c in code_points:
        parts = unicodedata.normalize("NFD", chr(c))
        if parts == chr(c) or 0xAC00 <= c < 0xD7A4:
            continue
        if nfc(chr(c)) != chr(c) or nfc(parts) == chr(c):
            yield c, None


def base36(n):
    digits = ""
    while True:
        n, digit = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if n == 0:
            return digits


def runs(pairs):
    """Runs of successive code points with one value, as words: gap since the last run, length, value if there is one."""
    found = []
    for c, value in pairs:
        if found and found[-1][1] == c and found[-1][2] == value:
            found[-1][1] = c + 1
        else:
            found.append([c, c + 1, value])
    at = 0
    for start, end, value in found:
        yield ".".join(base36(n) for n in (start - at, end - start, value) if n is not None)
        at = end


def constant(name, about, pairs):
    lines = [""]
    for word in runs(pairs):
        if len(lines[-1]) + len(word) > 116:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    body = "\n".join(lines)
    return f"/** {about} */\nexport const {name} = `\n{body}\n`\n"


print(
    f"""// Unicode properties as `tokenizers` {version("tokenizers")} sees them: its regular expressions and its NFC know different versions of Unicode, neither of
// which is the one of this Node. Written by test/annotators/chat/make-unicode-sets.py; not to be edited.
// Runs of code points: gap since the last run, length, value, in base 36.
"""
)
print(constant("letters", r"`\p{L}` of its regular expressions.", matching(r"\p{L}")))
print(constant("numbers", r"`\p{N}` of its regular expressions.", matching(r"\p{N}")))
print(constant("combiningClasses", "Canonical combining classes other than 0.", reordered()))
print(
    constant("decomposables", "Code points with a canonical decomposition, Hangul syllables left out.", decomposed()),
    end="",
)
