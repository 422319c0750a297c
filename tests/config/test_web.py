"""``[web]``: off unless written, and never open to strangers by an oversight."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from selfhealingd.config import Config
from selfhealingd.config.diff import compare
from selfhealingd.config.mistakes import Mistake, Spot
from selfhealingd.config.web import read_web
from selfhealingd.core.web import Web

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]


def test_it_is_off_without_a_table(load: Load) -> None:
    """Nobody gets a listener that they did not ask for."""
    assert load("#").web is None


def test_a_table_alone_listens_on_this_host(load: Load) -> None:
    """Whoever can log in here may look; nobody may change anything yet."""
    web = load("[web]").web
    assert Web(host="127.0.0.1", port=3001) == web
    assert web.loopback
    assert "http://127.0.0.1:3001" == web.url


def test_what_is_written_counts(load: Load, tmp_path: Path) -> None:
    """Paths are relative to the config; where others can look, they need the token."""
    web = load("""
        [web]
        listen = "[::]:443"
        certfile = "web.pem"
        keyfile = "/etc/web.key"
        token_file = "token"
        hosts = ["Health.example.org"]
    """).web
    assert web == Web(
        host="::",
        port=443,
        certfile=tmp_path / "web.pem",
        keyfile=Path("/etc/web.key"),
        token_file=tmp_path / "token",
        reading=True,
        hosts=("health.example.org",),
    )
    assert "https://[::]:443" == web.url


def test_localhost_is_an_address(load: Load) -> None:
    """No name server is asked; the token to look can be asked for here as well."""
    web = load('[web]\nlisten = "localhost:80"\ntoken_to_read = true').web
    assert Web(host="127.0.0.1", port=80, reading=True) == web


def test_insecure_is_a_word_that_somebody_has_to_say(load: Load, wrong: Wrong) -> None:
    """Without TLS, other hosts reach it only where the operator says so."""
    web = load('[web]\nlisten = "0.0.0.0:80"\ninsecure = true').web
    assert Web(host="0.0.0.0", port=80, reading=True) == web  # noqa: S104
    [mistake] = wrong('[web]\nlisten = "0.0.0.0:80"')
    assert mistake == (
        "main.toml: web.listen: 0.0.0.0 can be reached from other hosts, and without"
        " TLS whoever is on the way reads along, the token too; set certfile and"
        " keyfile, or listen on 127.0.0.1; if you know better: insecure = true"
    )


def test_other_hosts_look_with_the_token(load: Load, wrong: Wrong) -> None:
    """With TLS, too; unless the operator knows better."""
    tls = '[web]\nlisten = "[::]:80"\ncertfile = "c"\nkeyfile = "k"\n'
    open_to_all = f"{tls}token_to_read = false\n"
    [mistake] = wrong(open_to_all)
    assert "web.token_to_read: :: can be reached from other hosts" in mistake
    web = load(f"{open_to_all}insecure = true").web
    assert web is not None
    assert not web.reading


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('listen = ":80"', 'web.listen: "" is no address'),
        ('listen = "example.org:80"', 'web.listen: "example.org" is no address'),
        ("listen = 80", "web.listen: expected a host and a port"),
        ('certfile = "a"', "web.keyfile: missing; TLS takes both"),
        ('keyfile = "a"', "web.certfile: missing; TLS takes both"),
        ('hosts = ["a", "b:80"]', 'web.hosts[1]: "b:80" is no name of a host; leave'),
        ('tokenfile = "a"', 'web.tokenfile: unknown key; did you mean "token_file"'),
    ],
)
def test_mistakes(written: str, words: str, wrong: Wrong) -> None:
    """Each is told with its key."""
    [mistake] = wrong(f"[web]\n{written}")
    assert words in mistake


def test_a_missing_extra_is_a_mistake() -> None:
    """It says what to install; only what is missing is named."""
    noted: list[Mistake] = []
    spot = Spot(Path("/c.toml"), {}, noted, "web")
    assert read_web({}, spot, lambda name: name != "starlette" or None)
    assert ["/c.toml: web: it needs starlette, not installed here; "] == [
        str(one).removesuffix("pip install 'selfhealingd[web]'") for one in noted
    ]


def test_a_change_is_noticed(load: Load) -> None:
    """A reload tells that it was applied, and no restart is asked for."""
    changes = compare(load("#"), load("[web]"))
    assert changes.web_changed
    assert () == changes.daemon_keys
    assert not compare(load("[web]"), load("[web]"))
    assert msgspec.structs.replace(changes, web_changed=False) == compare(
        load("#"), load("#")
    )
