"""Which words are too random for a name, a number or a path.

By Shannon's entropy in bits a character: words have 2 to 3.5, base64 of 24 random bytes
some 4.4; hex has 4 at most.
"""

import math
import re
from collections import Counter

LONG_ENOUGH = 20
"""Characters: of less, chance says nothing."""

_RANDOM_BITS, _RANDOM_PATH_BITS, _RANDOM_HEX_BITS = 3.6, 4.6, 2.8


def looks_random(text: str) -> bool:
    """Whether a word is too random for a name, a number or a path."""
    if re.fullmatch(r"[A-Za-z0-9+/_=-]+", text) is None:
        return False
    if "/" in text:
        if any(_random_word(part) for part in text.split("/")):
            return True
        mixed = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        return mixed and len(text) >= LONG_ENOUGH and _bits(text) >= _RANDOM_PATH_BITS
    return any(_random_word(part) for part in text.rstrip("=").split("="))


def _random_word(word: str) -> bool:
    if len(word) < LONG_ENOUGH or word.isdecimal():
        return False
    if re.fullmatch(r"(?:0x)?[0-9a-fA-F-]+", word):
        return re.search("[0-9]", word) is not None and _bits(word) >= _RANDOM_HEX_BITS
    # Names of classes are as long and as mixed, but have no digits.
    digits = re.search("[0-9]", word) is not None
    longest = max(len(part) for part in re.split("[_+-]", word))
    spoken = longest < LONG_ENOUGH // 2
    return digits and not spoken and _bits(word) >= _RANDOM_BITS


def _bits(text: str) -> float:
    counted = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counted)
