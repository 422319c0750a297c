"""Ladders, quiet hours, runbooks and reloads, as an operator writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config
from selfhealingd.config.settings import Runbook
from selfhealingd.core.launch import Launch
from selfhealingd.core.policy import Preventive
from selfhealingd.core.quiet import Window
from selfhealingd.core.remedy import Reload, Restart, Run, SendSignal

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
WEB = """
[runbook.mend]
command = "bin/mend --now"
timeout = "5s"
environment = { A = "b" }
[program.web]
command = "web"
environment = { PORT = "1" }
"""


def test_a_runbook(load: Load, tmp_path: Path) -> None:
    """It is a command as a task's, with a time of its own."""
    config = load(WEB)
    launch = Launch(argv=(f"{tmp_path}/bin/mend", "--now"), environment={"A": "b"})
    assert {"mend": Runbook(name="mend", timeout=5.0, launch=launch)} == config.runbooks
    assert 60 == load(WEB.replace("timeout", "#")).runbooks["mend"].timeout


@pytest.mark.parametrize("written", ['"HUP"', '"SIGHUP"', "1", '"1"'])
def test_reload_by_signal(load: Load, written: str) -> None:
    """A signal by any of its names."""
    assert {"web": 1} == load(f"{WEB}reload = {written}").reloads


@pytest.mark.parametrize("written", ['"bin/tell web"', '["bin/tell", "web"]'])
def test_reload_by_command(load: Load, tmp_path: Path, written: str) -> None:
    """A command runs as the program does."""
    [reload] = load(f"{WEB}reload = {written}").reloads.values()
    assert isinstance(reload, Runbook)
    argv = (f"{tmp_path}/bin/tell", "web")
    assert Launch(argv=argv, environment={"PORT": "1"}) == reload.launch


def test_each_copy_has_its_own(load: Load) -> None:
    """Of several processes each is reloaded by itself."""
    config = load(
        '[program.web]\ncommand = "web"\nnumprocs = 2\nreload = "r %(process_num)d"'
    )
    assert ["web_00", "web_01"] == [*config.reloads]
    assert [("r", "0"), ("r", "1")] == [
        reload.launch.argv
        for reload in config.reloads.values()
        if isinstance(reload, Runbook)
    ]


def test_a_ladder(load: Load) -> None:
    """A program's own goes before that of [healing], which goes before the default."""
    assert (Restart(),) == load(WEB).policy.programs["web"].healing.ladder
    base = f'[healing]\nladder = ["signal USR1", "run mend"]\n{WEB}'
    of_all = (SendSignal(10), Run("mend"))
    assert of_all == load(base).policy.programs["web"].healing.ladder
    own = f'{base}reload = "HUP"\nhealing = {{ ladder = "reload" }}'
    assert (Reload(),) == load(own).policy.programs["web"].healing.ladder


def test_prevention(load: Load) -> None:
    """Quiet hours and what is done are read for all, and for one."""
    healing = (
        load(
            f'[healing]\npreventive = "act"\n{WEB}healing = {{ quiet = "2:00-05:30" }}'
        )
        .policy.programs["web"]
        .healing
    )
    assert Preventive.ACT is healing.preventive
    assert (Window(begin=120, end=330),) == healing.quiet


OWN = "main.toml: program.web.healing.ladder: "


@pytest.mark.parametrize(
    ("more", "mistakes"),
    [
        (
            'healing = { ladder = ["restrat", "signal FOO"] }',
            [
                OWN
                + '"restrat": a remedy is one of reload, restart, restart-dependents,'
                ' hold, signal NAME, run RUNBOOK; did you mean "restart"?',
                OWN + "\"signal FOO\": there is no signal 'FOO'",
            ],
        ),
        (
            "healing = { ladder = [] }",
            [OWN + "it is empty; name one, or leave the key out"],
        ),
        (
            "healing = { ladder = 5 }",
            [OWN + "expected a list of strings, got 5"],
        ),
        (
            'healing = { ladder = ["run mned"] }',
            [OWN + '"run mned": there is no runbook "mned"; did you mean "mend"?'],
        ),
        (
            'healing = { ladder = ["run xyz"] }',
            [OWN + '"run xyz": there is no runbook "xyz"; write a table [runbook.xyz]'],
        ),
        (
            'healing = { ladder = ["reload"] }',
            [
                OWN + '"reload": it is not said how this is reloaded; write'
                ' reload = "HUP" (a signal or a command) beside its command'
            ],
        ),
        (
            'healing = { quiet = ["25:00-26:00", "3-5"] }',
            [
                (
                    'main.toml: program.web.healing.quiet: "25:00-26:00": a day ends at'
                    " 24:00"
                ),
                (
                    'main.toml: program.web.healing.quiet: "3-5": a window is like'
                    ' "02:00-05:00", in local time'
                ),
            ],
        ),
        (
            'healing = { preventive = "react" }',
            [
                (
                    "main.toml: program.web.healing.preventive: expected one of"
                    ' "off", "advise", "act", got "react"; did you mean "act"?'
                )
            ],
        ),
        (
            'reload = "HPU"\nhealing = { ladder = "reload" }',
            [
                (
                    'main.toml: program.web.reload: expected a signal such as "TERM" or'
                    ' 15, got "HPU"; did you mean "HUP"?'
                )
            ],
        ),
    ],
)
def test_mistakes(wrong: Wrong, more: str, mistakes: list[str]) -> None:
    """Each is told with its file and key, and with what to write."""
    assert mistakes == wrong(WEB + more)


def test_the_ladder_of_all(wrong: Wrong) -> None:
    """A wrong name there is told once; a missing reload at each program without one."""
    ladder = '[healing]\nladder = ["reload", "run nope"]\n'
    two = '[program.b]\ncommand = "b"\n[program.c]\ncommand = "c"\nreload = "HUP"'
    assert [
        (
            'main.toml: healing.ladder: "run nope": there is no runbook "nope"; write a'
            " table [runbook.nope]"
        ),
        (
            'main.toml: program.b: "reload": it is not said how this is reloaded; write'
            ' reload = "HUP" (a signal or a command) beside its command'
        ),
    ] == wrong(ladder + two)


def test_a_wrong_runbook_is_a_mistake_of_its_own(wrong: Wrong) -> None:
    """It is not also missing where it is named."""
    text = WEB.replace("timeout", "timeuot") + 'healing = { ladder = ["run mend"] }'
    assert [
        'main.toml: runbook.mend.timeuot: unknown key; did you mean "timeout"?'
    ] == wrong(text)
