"""Variables in strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config.expand import CannotExpand, expand

ENVIRON = {"A": "one", "EMPTY": "", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("plain", "plain"),
        ("${A}", "one"),
        ("<${A}${A}>", "<oneone>"),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${NOPE:-x y}", "x y"),
        ("${NOPE:-}", ""),
        ("${A:-x}", "one"),
        ("${NESTED}", "${A}"),
        ("$$", "$$"),
        ("kill $$; echo $1", "kill $$; echo $1"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A and $(x) cost 5$", "$A and $(x) cost 5$"),
    ],
)
def test_expand(written: str, result: str) -> None:
    """Braced variables expand once; every other dollar but a doubled one stays."""
    assert result == expand(written, ENVIRON)


@pytest.mark.parametrize("written", ["${NOPE}", "${", "${A", "${1}", "${}", "${A:+x}"])
def test_cannot_expand(written: str) -> None:
    """An unset variable and anything that is not quite one are mistakes."""
    with pytest.raises(CannotExpand) as raised:
        expand(written, ENVIRON)
    assert "$${" in raised.value.suggestion


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text()))
def test_escaped_text_is_unchanged(text: str, environ: dict[str, str]) -> None:
    """Doubling every dollar makes any text literal."""
    assert text == expand(text.replace("${", "$${"), environ)
