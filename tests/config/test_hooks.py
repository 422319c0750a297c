"""``[on.EVENT]`` as an operator writes it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config
from selfhealingd.core.hook import Execute, Hook, Notify, Post
from selfhealingd.core.launch import Launch

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
PROGRAMS = """
[program.web]
command = "web"
[program.db]
command = "db"
[program.worker]
command = "w %(process_num)d"
numprocs = 2
[group.all-of-it]
programs = ["web", "db"]
"""


def test_a_command(load: Load, tmp_path: Path) -> None:
    """It is as a task's, with its event, its services, and its time."""
    config = load(
        """
        [on.incident-opened]
        command = "bin/tell me"
        environment = { A = "b" }
        directory = "."
        timeout = "3s"
        level = "warning"
        """
    )
    launch = Launch(
        argv=(f"{tmp_path}/bin/tell", "me"),
        environment={"A": "b"},
        directory=tmp_path,
    )
    assert {
        "incident-opened": Hook(
            name="incident-opened",
            way=Execute(launch=launch, timeout=3.0),
            kind="incident.opened",
            level="warning",
        )
    } == config.hooks


def test_a_webhook(load: Load, tmp_path: Path) -> None:
    """What is secret may come from files and variables."""
    (tmp_path / "token").write_text("Bearer xyz\n")
    (tmp_path / "key").write_text("k3y\n")
    (tmp_path / "ca.pem").write_text("certificates\n")
    config = load(
        """
        [on.any]
        webhook = "https://hooks.example:8443/a/b?c=d"
        headers = { Authorization = { file = "token" }, X-Who = "${HOME}" }
        secret = { file = "key" }
        ca_file = "ca.pem"
        style = "chat"
        """
    )
    post = Post(
        secure=True,
        host="hooks.example",
        port=8443,
        target="/a/b?c=d",
        timeout=10.0,
        headers=(("Authorization", "Bearer xyz"), ("X-Who", "/home/ann")),
        secret="k3y",  # noqa: S106
        authorities=str(tmp_path / "ca.pem"),
        style="chat",
    )
    assert {"any": Hook(name="any", way=post)} == config.hooks


def test_people(load: Load, tmp_path: Path) -> None:
    """Their URLs may be in files, one in a line, and in variables."""
    (tmp_path / "oncall").write_text("# Slack\nslack://a/b/c\n\njson://h/s3cret\n")
    hook = load(
        """
        [on.any]
        notify = ["mailto://${HOME}@h", { file = "oncall" }]
        environment = { HTTPS_PROXY = "http://proxy:3128" }
        timeout = "20s"
        """
    ).hooks["any"]
    assert isinstance(hook.way, Notify)
    urls = ("mailto:///home/ann@h", "slack://a/b/c", "json://h/s3cret")
    assert urls == hook.way.urls
    assert "mailto (1), slack (2), json (3)" == str(hook.way)
    launch, timeout = hook.way.launch, hook.way.timeout
    assert ({"HTTPS_PROXY": "http://proxy:3128"}, 20) == (launch.environment, timeout)


def test_people_need_the_extra(wrong: Wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, that is a mistake, with what to type."""
    monkeypatch.setitem(sys.modules, "apprise", None)  # as Python hides a module
    [told] = wrong('[on.any]\nnotify = "json://h"')
    assert (
        f"{ON}.notify: it needs apprise, which is not installed; pip install"
        " 'selfhealingd[notify]'"
    ) == told


@pytest.mark.parametrize(
    ("url", "secure", "host", "port", "target"),
    [
        ("http://h", False, "h", 80, "/"),
        ("https://h", True, "h", 443, "/"),
        ("http://[::1]:81/x", False, "::1", 81, "/x"),
        ("https://h?q=1", True, "h", 443, "/?q=1"),
    ],
)
def test_addresses(
    load: Load, url: str, *, secure: bool, host: str, port: int, target: str
) -> None:
    """What is left out is as in a browser."""
    way = load(f'[on.any]\nwebhook = "{url}"').hooks["any"].way
    expected = Post(secure=secure, host=host, port=port, target=target, timeout=10)
    assert expected == way


def test_services(load: Load) -> None:
    """A program's name, or a group's with or without its star."""
    config = load(
        PROGRAMS
        + """
        [on.incident-ended]
        command = "x"
        services = ["db", "worker:*"]
        [on.incident-opened]
        command = "x"
        services = "all-of-it"
        """
    )
    assert [
        frozenset({"db", "worker_00", "worker_01"}),
        frozenset({"web", "db"}),
    ] == [hook.services for hook in config.hooks.values()]


def test_several_of_one_event(load: Load) -> None:
    """As an array of tables, in several files, and both ways in one table."""
    config = load(
        '[[on.any]]\ncommand = "a"\n[[on.any]]\ncommand = "b"\nwebhook = "http://c"',
        more='[on.any]\ncommand = "d"\n[on.flags-changed]\ncommand = "e"',
    )
    assert {
        "any": "a",
        "any 2": "b",
        "any 3": "http://c",
        "any 4": "d",
        "flags-changed": "e",
    } == {name: str(hook.way) for name, hook in config.hooks.items()}


ON = "main.toml: on.any"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            '[on.incident-open]\ncommand = "x"',
            (
                "main.toml: on.incident-open: there is no such event; did you mean"
                ' "incident-opened"?'
            ),
        ),
        (
            '[on.xyz]\ncommand = "x"',
            (
                "main.toml: on.xyz: there is no such event; see docs/hooks.md, or take"
                " [on.any]"
            ),
        ),
        ("[on.any]", f"{ON}: it tells nobody; give it a command, a webhook or notify"),
        (
            '[on.any]\nnotify = ["json://h", "h/s3cret"]',
            (
                f'{ON}.notify: number 2 is not a URL; write it as "mailto://…",'
                ' "slack://…"; see docs/hooks.md'
            ),
        ),
        (
            "[on.any]\nnotify = []",
            f"{ON}.notify: there is no URL in it; see docs/hooks.md",
        ),
        (
            '[on.any]\nnotify = { file = "none" }',
            f"{ON}.notify.file: ",
        ),
        (
            '[on.any]\nnotify = "json://h"\ndirectory = "/"',
            f"{ON}.directory: it has no meaning without a command",
        ),
        ('on.any = "x"', f'{ON}: expected a table, got "x"'),
        (
            '[on.any]\ncomand = "x"\nwebhook = "http://h"',
            f'{ON}.comand: unknown key; did you mean "command"?',
        ),
        (
            '[on.any]\ncommand = "x"\nlevel = "warn"',
            (
                f'{ON}.level: expected one of "debug", "info", "warning", "error", got'
                ' "warn"; did you mean "warning"?'
            ),
        ),
        (
            '[on.any]\ncommand = "x"\nservices = ["wbe"]\n[program.web]\ncommand="w"',
            f'{ON}.services: no such program or group: "wbe"; did you mean "web"?',
        ),
        (
            '[on.any]\ncommand = "x"\nheaders = { A = "b" }',
            f"{ON}.headers: it has no meaning without a webhook",
        ),
        (
            '[on.any]\nwebhook = "http://h"\nuser = "root"',
            f"{ON}.user: it has no meaning without a command or notify",
        ),
        (
            '[on.any]\nwebhook = "hooks.example/s3cret"',
            f'{ON}.webhook: expected a URL such as "http://127.0.0.1:8000/health"',
        ),
        (
            '[on.any]\nwebhook = "http://h:99999/s3cret"',
            f"{ON}.webhook: expected a URL with a port from 1 to 65535",
        ),
        (
            '[on.any]\nwebhook = "http://me:s3cret@h/"',
            (
                f'{ON}.webhook: expected a URL such as "http://127.0.0.1:8000/health";'
                " a name and password belong into a header: Authorization"
            ),
        ),
        (
            '[on.any]\nwebhook = "http://h"\nca_file = "x"',
            f"{ON}.ca_file: it has no meaning without https",
        ),
        (
            '[on.any]\nwebhook = "http://h"\nheaders = { host = "x" }',
            f"{ON}.headers.host: this header is the daemon's own; leave it out",
        ),
        (
            '[on.any]\nwebhook = "http://h"\nheaders = { "a b" = "x" }',
            f'{ON}.headers."a b": not the name of a header',
        ),
        (
            '[on.any]\nwebhook = "http://h"\nsecret = { file = "none" }',
            f"{ON}.secret.file: ",
        ),
        (
            '[on.any]\nwebhook = "https://h"\nca_file = "none"',
            f"{ON}.ca_file: none: ",
        ),
    ],
)
def test_mistakes(wrong: Wrong, text: str, mistake: str) -> None:
    """Each is told with its file and key, and without what may be secret."""
    [told] = wrong(text)
    assert told == mistake or (mistake.endswith(": ") and told.startswith(mistake))
    assert "s3cret" not in told
