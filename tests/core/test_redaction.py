import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.redaction import (
    MARK,
    RedactionError,
    Redactor,
    of_address,
    of_command,
    of_environment,
    of_headers,
)

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=6, max_size=40
).filter(lambda text: not text.isdecimal() and text.isprintable())
AROUND = st.text("abc :/", max_size=20)


@pytest.mark.parametrize(
    "url",
    [
        "slack://planted1A/planted1B/planted1234planted1234planted/#ops",
        "mailto://ann:planted1234@smtp.example.com?to=ops@example.com",
        "tgram://12345678:planted-1234/87654321",
        "pagerduty://planted1234@planted5678",
        "json://user:planted%2F1234@h.example.com/path?token=planted99",
    ],
)
def test_what_lets_others_write_leaves(url: str) -> None:
    """Wherever in a notification's URL it stands; names of hosts stay readable."""
    redactor = Redactor(of_address(url))
    said = url.replace("://", " ").replace("/", " ").replace(":", " ")
    for line in (url, said, said.replace("%2F", "/")):
        assert "planted" not in redactor.line(line)
    assert ("example.com" in url) == ("example.com" in redactor.line(said))


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


@pytest.mark.parametrize(
    "line",
    [
        "key sk-ant-api03-planted1234",
        "ghp_planted1234planted1234planted1234",
        "aws AKIAPLANTED123456789",
        "password=planted1234",
        '{"api_key": "planted1234 more"}',
        '{\\"client_secret\\": \\"planted1234\\"}',
        "DB_PASS=planted1234",
        "Authorization: Bearer planted1234",
        "curl -H 'authorization: Basic planted1234'",
        "Set-Cookie: id=planted1234; Path=/",
        "postgres://user:planted1234@db/web",
        "mysqld --password planted1234 --port 3306",
    ],
)
def test_what_has_the_shape_of_a_secret_leaves(line: str) -> None:
    """Tokens of known kinds, values of keys that say what they are, flags, URLs."""
    left = Redactor([]).line(line)
    assert "planted1234" not in left.lower()
    assert MARK in left


@pytest.mark.parametrize(
    "line",
    [
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/web/web.toml'",
        "2026-11-26T18:00:00.123456Z error: connection refused by 127.0.0.1:5432",
        "at com.example.web.InternalConfigurationManagerImpl.run(Impl.java:12)",
        "/usr/lib/python3/dist-packages/flask/app.py line 1234 in wsgi_app",
        "passed: 5, failed: 1",
    ],
)
def test_what_tells_the_cause_stays(line: str) -> None:
    """Redaction that took everything would be safe and of no use."""
    assert line == Redactor([]).line(line)


def test_without_guessing_random_words_stay() -> None:
    """In evidence for operators an id is what they look for; known secrets leave."""
    line = "container 4f2a9c81d07be35561aa0c9d token=planted1234 hunter2pass"
    left = Redactor(["hunter2pass"]).line(line, guess=False)
    assert f"container 4f2a9c81d07be35561aa0c9d token={MARK} {MARK}" == left


def test_a_private_key_loses_all_of_its_lines() -> None:
    """Its body has nothing that looks like a key by itself."""
    lines = ["a", "-----BEGIN RSA PRIVATE KEY-----", "MIIE", "x", "-----END RSA", "b"]
    assert ("a", MARK, MARK, MARK, MARK, "b") == Redactor([]).lines(lines)


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


def test_secrets_are_found_where_they_are_configured() -> None:
    """By names of variables, flags and headers, and in URLs."""
    variables = {"DB_PASSWORD": "one", "PATH": "/bin", "URL": "amqp://u:two@mq"}
    assert ["one", "two"] == list(of_environment(variables))
    places = {"PWD": "/srv/web", "TOKEN_FILE": "/run/t", "TOKEN_PATH": "abc"}
    assert ["abc"] == list(of_environment(places))
    argv = ["web", "--token", "three", "--api-key=four", "--port", "80", "db://u:5@x"]
    assert ["three", "four", "5"] == list(of_command(argv))
    assert [] == list(of_command([]))  # of a program that the config has no more
    headers = [("Authorization", "Bearer six"), ("Accept", "text/html")]
    assert ["Bearer six", "six"] == list(of_headers(headers))
