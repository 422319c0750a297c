import base64
import html
import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.redaction import LONGEST_KEY, RedactionError, Redactor
from selfhealingd.core.shapes import MARK

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=6, max_size=40
).filter(lambda text: not text.isdecimal() and text.isprintable())
SIGNS = "it's\"planted<b>&c"
AROUND = st.text("abc :/", max_size=20)


@given(SECRETS, AROUND, AROUND)
def test_a_known_secret_leaves_in_no_claimed_encoding(
    secret: str, before: str, after: str
) -> None:
    """Plain, in a URL, in hex of either case, at each place of base64."""
    raw = secret.encode()
    redactor = Redactor([secret])
    for written in (secret, quote(secret, safe=""), raw.hex(), raw.hex().upper()):
        left = redactor.line(f"{before}{written}{after}")
        assert written.strip() not in left
        redactor.check(left)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(f"{before}{secret}{after}".encode()).decode()
        redactor.check(redactor.line(f"said {whole} and ended"))


@pytest.mark.parametrize(
    "quoted",
    [
        json.dumps,
        lambda secret: json.dumps(json.dumps({"a": secret})),
        repr,
        shlex.quote,
        lambda secret: "'" + secret.replace("'", r"'\''") + "'",
        lambda secret: re.sub(r"(\W)", r"\\\1", secret),
        html.escape,
    ],
)
def test_a_known_secret_leaves_however_it_is_quoted(
    quoted: Callable[[str], str],
) -> None:
    """As programs, shells and pages write what has signs in it."""
    left = Redactor([SIGNS]).line(f"said {quoted(SIGNS)} and ended")
    assert "planted" not in left
    assert MARK in left


@given(st.binary(min_size=24, max_size=48))
def test_a_random_token_leaves_though_nobody_told_of_it(data: bytes) -> None:
    """A key of 24 random bytes or more in hex goes, unless it is no random one."""
    token = data.hex()
    if len(set(token)) > 10:
        assert token not in Redactor([]).line(f"using {token} now")


@given(st.lists(SECRETS, max_size=5), SECRETS, AROUND)
def test_one_for_a_text_is_as_good_for_its_parts(
    secrets: list[str], secret: str, around: str
) -> None:
    """What is left of a line is the same, whichever of both looks at it."""
    redactor = Redactor([*secrets, secret])
    line = f"{around}{secret.upper()} {secret}{around}"
    assert redactor.line(line) == redactor.narrowed(f"a\n{line}\nb").line(line)
    redactor.check(redactor.line(line))


def test_without_guessing_random_words_stay() -> None:
    """In evidence for operators an id is what they look for; known secrets leave."""
    line = "container 4f2a9c81d07be35561aa0c9d token=planted1234 hunter2pass"
    left = Redactor(["hunter2pass"]).line(line, guess=False)
    assert f"container 4f2a9c81d07be35561aa0c9d token={MARK} {MARK}" == left


def test_a_private_key_loses_all_of_its_lines() -> None:
    """Its body has nothing that looks like a key by itself."""
    lines = ["a", "-----BEGIN RSA PRIVATE KEY-----", "MIIE", "x", "-----END RSA", "b"]
    assert ("a", MARK, MARK, MARK, MARK, "b") == Redactor([]).lines(lines)


def test_part_of_a_private_key_is_one() -> None:
    """Of a log's end the beginning may be missing; and what has no end is no key."""
    lines = ("it was:", "MIIEplanted", "  plantedB==", "-----END PRIVATE KEY-----", "b")
    assert ("it was:", MARK, MARK, MARK, "b") == Redactor([]).lines(lines)
    endless = ("-----BEGIN PRIVATE KEY-----", *["line"] * 200)
    found = Redactor([]).lines(endless)
    assert (MARK,) * LONGEST_KEY == found[:LONGEST_KEY]
    assert ("line",) * 10 == found[-10:]


def test_half_a_secret_at_a_cut_leaves_too() -> None:
    """Evidence cuts long lines, maybe in the middle of a secret."""
    left = Redactor(["hunter2pass"]).line("login hunter2p… (12 more)")
    assert f"login {MARK}… (12 more)" == left
    long = Redactor(["hunter2pass"]).line("x " * 997 + "hunter2pass")
    assert "hunter" not in long


def test_each_line_of_a_secret_of_several_lines_is_known() -> None:
    """As of a certificate's key, which logs show line by line."""
    redactor = Redactor(["first line of a long secret\nsecond line of a long secret"])
    assert MARK == redactor.line("second line of a long secret")


def test_a_secret_left_is_an_error() -> None:
    """Whoever built the text another way is stopped here, before it is sent."""
    with pytest.raises(RedactionError, match="configured secret"):
        Redactor(["hunter2pass"]).check("so it is HUNTER2PASS")


def test_words_of_every_text_are_no_secrets() -> None:
    """``TOKEN_REQUIRED = "true"`` must not take each true out of what is said."""
    assert "true 12 ab" == Redactor(["true", "12", "ab", ""]).line("true 12 ab")
