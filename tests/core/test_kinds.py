"""The kinds that a hook may ask for are those that there are."""

import ast
import inspect
from itertools import pairwise

from selfhealingd.core import words
from selfhealingd.core.hook import Execute, Hook
from selfhealingd.core.kinds import KINDS, LEVELS
from selfhealingd.core.launch import Launch


def _said() -> set[str]:
    """Every dotted word in the module that says what an event is."""
    tree = ast.parse(inspect.getsource(words))
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {
        text
        for text in texts
        if isinstance(text, str)
        and text.count(".") == 1
        and text.replace(".", "").isalpha()
    }


def test_all_kinds_are_known() -> None:
    """A new kind of event can be hooked, and one that is gone can't."""
    assert _said() == KINDS.keys()


def test_levels_are_those_of_sentences() -> None:
    """Each is louder than the one before."""
    assert [level.value for level in words.Level] == [*LEVELS]


def _hook(level: str) -> Hook:
    way = Execute(launch=Launch(argv=("x",)), timeout=1)
    return Hook(name="any", way=way, level=level)


def test_a_level_lets_the_louder_through() -> None:
    """What is less loud than asked for is not told."""
    for quiet, loud in pairwise(LEVELS):
        assert not _hook(loud).wants(kind="x.y", level=quiet, service=None)
        assert _hook(quiet).wants(kind="x.y", level=loud, service=None)
