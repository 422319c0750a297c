"""Tables of watches become what core and supervise work with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config
from selfhealingd.config.settings import Runbook
from selfhealingd.core.launch import Launch
from selfhealingd.core.policy import Kind, Program
from selfhealingd.core.watch import Match, Pidfile, Unit, Watch

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]


def test_a_unit_needs_no_more(load: Load) -> None:
    """Its manager knows how it is started, stopped and reloaded."""
    config = load('[watch.nginx]\nsystemd = "nginx"')
    assert {"nginx": Watch(sought=Unit("nginx.service"))} == config.watches
    assert {
        "nginx": Program(
            name="nginx",
            kind=Kind.WATCH,
            exitcodes=frozenset(),
            startwaitsecs=30,
            stopwaitsecs=30,
            stopasgroup=False,
            killasgroup=False,
        )
    } == config.policy.programs
    reload = config.reloads["nginx"]
    assert isinstance(reload, Runbook)
    assert ("systemctl", "reload", "nginx.service") == reload.launch.argv
    assert {} == config.launches


def test_everything(load: Load, tmp_path: Path) -> None:
    """Every key arrives where it belongs."""
    config = load(
        """
        [program.db]
        command = "db"
        [watch.mta]
        pidfile = "run/mta.pid"
        start = ["bin/mta", "start"]
        stop = "mta stop"
        restart = "mta restart"
        reload = "USR1"
        environment = { A = "b" }
        directory = "srv"
        autostart = false
        exitcodes = [0, 3]
        startsecs = 2
        startwaitsecs = "1m"
        startretries = 4
        stopsignal = "QUIT"
        stopwaitsecs = 7
        priority = 5
        depends_on = { db = "ready" }
        healing = { verify_secs = 3 }
        [group.mail]
        programs = ["mta"]
        """
    )

    def launch(*argv: str) -> Launch:
        return Launch(argv=argv, environment={"A": "b"}, directory=tmp_path / "srv")

    assert {
        "mta": Watch(
            sought=Pidfile(tmp_path / "run/mta.pid"),
            start=launch(str(tmp_path / "bin/mta"), "start"),
            stop=launch("mta", "stop"),
            restart=launch("mta", "restart"),
            startsecs=2,
            startwaitsecs=60,
            stopwaitsecs=7,
        )
    } == config.watches
    mta = config.policy.programs["mta"]
    assert (False, frozenset({0, 3}), 60, 4, 3, 7, 5, "mail", 3) == (
        mta.autostart,
        mta.exitcodes,
        mta.startwaitsecs,
        mta.startretries,
        mta.stopsignal,
        mta.stopwaitsecs,
        mta.priority,
        mta.group,
        mta.healing.verify_secs,
    )
    assert 10 == config.reloads["mta"]
    assert {"db"} == mta.depends_on.keys()


def test_what_restarts_can_start(load: Load) -> None:
    """One command is enough, if it does both."""
    config = load('[watch.a]\nmatch = "^a b"\nrestart = "a restart"')
    watch = config.watches["a"]
    assert Match("^a b") == watch.sought
    assert watch.restart == watch.start
    assert watch.stop is None


@pytest.mark.parametrize(
    ("keys", "place", "words"),
    [
        ("", "", "it is not said what to watch"),
        ('start = "a"', "", "it is not said what to watch"),
        ('match = "a"', ".start", "nothing says how to start it"),
        ('systemd = "a"\nmatch = "a"', ".match", "cannot be with systemd"),
        ('systemd = "a.socket"', ".systemd", "expected a service unit"),
        ('systemd = "../a"', ".systemd", "expected a service unit"),
        ('match = "("\nstart = "a"', ".match", "expected a regular expression"),
        ('systemd = "a"\ncommand = "a"', ".command", "unknown key"),
        ('systemd = "a"\nverify_secs = 1', ".verify_secs", 'in "healing" of this'),
        ('systemd = "a"\nuser = "no-such-user"', ".user", "no-such-user"),
        (
            'match = "a"\nstart = "a"\nhealing = { ladder = ["reload"] }',
            ".healing.ladder",
            "it is not said how this is reloaded",
        ),
    ],
)
def test_mistakes(wrong: Wrong, keys: str, place: str, words: str) -> None:
    """What cannot be, alone or together, is one mistake that says why."""
    (line,) = wrong(f"[watch.a]\n{keys}")
    assert line.startswith(f"main.toml: watch.a{place}: ")
    assert words in line


def test_nothing_is_watched_twice(wrong: Wrong) -> None:
    """Two watches would give the same thing two remedies at once."""
    text = '[watch.a]\nsystemd = "web"\n[watch.b]\nsystemd = "web.service"'
    assert ['main.toml: watch.b: "a" watches the same; make them one'] == wrong(text)


def test_a_name_is_a_programs_or_a_watchs(wrong: Wrong) -> None:
    """Everything that is named is told apart by name alone."""
    text = '[program.Web]\ncommand = "a"\n[watch.web]\nsystemd = "web"'
    assert [
        "main.toml: watch.web: a program has this name; choose another one"
    ] == wrong(text)
