"""What of a config is a secret."""

import pytest

from selfhealingd.core.confidential import (
    of_address,
    of_command,
    of_environment,
    of_headers,
    of_url,
)
from selfhealingd.core.redaction import Redactor
from selfhealingd.core.shapes import MARK


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


def test_secrets_are_found_where_they_are_configured() -> None:
    """By names of variables, flags and headers, and in URLs."""
    variables = {"DB_PASSWORD": "one", "PATH": "/bin", "URL": "amqp://u:two@mq"}
    assert ["one", "two"] == list(of_environment(variables))
    places = {"PWD": "/srv/web", "TOKEN_FILE": "/run/t", "TOKEN_PATH": "abc"}
    assert ["abc"] == list(of_environment(places))
    argv = ["web", "--token", "three", "--api-key=four", "--port", "80", "db://u:5@x"]
    assert {"three", "four", "5"} <= set(of_command(argv))
    assert [] == list(of_command([]))  # of a program that the config has no more
    headers = [("Authorization", "Bearer six"), ("Accept", "text/html")]
    assert ["Bearer six", "six"] == list(of_headers(headers))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgres://web:p%40ss-word@db/shop", ["p%40ss-word", "p@ss-word"]),
        ("https://0123456789abcdef0123@sentry.example/1", ["0123456789abcdef0123"]),
        ("ssh://deploy@host/x", []),
        ("http://[::1", []),
        ("no url", []),
    ],
)
def test_a_password_in_a_url_is_one_as_written_and_as_meant(
    url: str, found: list[str]
) -> None:
    """A program prints the one or the other; a token may be in a user's place."""
    assert found == list(of_url(url))


@pytest.mark.parametrize(
    "argv",
    [
        ["mysqladmin", "-uroot", "-pplanted-1", "ping"],
        ["redis-cli", "-a", "planted-1", "ping"],
        ["curl", "-fsS", "-u", "web:planted-1", "http://127.0.0.1/"],
        ["sh", "-c", "curl -H 'X-Api-Key: planted-1' http://127.0.0.1/"],
        ["sh", "-c", "PGPASSWORD=planted-1 psql -c 'select 1'"],
    ],
)
def test_a_secret_in_a_command_is_one_wherever_it_is_said(argv: list[str]) -> None:
    """Short flags of well-known commands, and scripts, have some as well."""
    assert f"so {MARK} is" == Redactor(of_command(argv)).line("so planted-1 is")
