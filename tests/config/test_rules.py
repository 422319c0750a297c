"""Rules as an operator writes them: which words, which remedies, which mistakes."""

from collections.abc import Callable

import pytest

from selfhealingd.config import Config
from selfhealingd.core.remedy import Hold, Ladder, Restart, Run, SendSignal
from selfhealingd.core.rules.grammar import parse
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Rule

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
WEB = '[runbook.mend]\ncommand = "mend"\n[program.web]\ncommand = "web"\n'


def rule(when: str, clear: str | None = None, *, ladder: Ladder = ()) -> Rule:
    scope = Scope.SERVICE
    back = None if clear is None else parse(clear, scope)
    return Rule(scope=scope, when=parse(when, scope), clear=back, ladder=ladder)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{ when = "fds > 5" }', rule("fds > 5")),
        ('"fds > 5"', rule("fds > 5")),
        (
            '{ when = "fds > 5", remedy = "restart" }',
            rule("fds > 5", ladder=(Restart(),)),
        ),
        (
            '{ when = "fds > 5", remedy = ["signal HUP", "run mend"] }',
            rule("fds > 5", ladder=(SendSignal(1), Run("mend"))),
        ),
        (
            '{ when = "fds > 5", clear = "fds < 3 for 10s" }',
            rule("fds > 5", "fds < 3 for 10s"),
        ),
        ('{ when = "fds > ${N:-7}" }', rule("fds > 7")),
        (
            '{ when = "restarts > 5 in 10min" }',
            rule("restarts > 5 in 10min", ladder=(Hold(),)),
        ),
        (
            '{ when = "restarts > 5 in 10min", remedy = "run mend" }',
            rule("restarts > 5 in 10min", ladder=(Run("mend"),)),
        ),
    ],
)
def test_a_program_has_rules(load: Load, written: str, meant: Rule) -> None:
    """A rule without a remedy is healed by the service's own ladder."""
    assert {"web": (meant,)} == load(f"{WEB}rules = [{written}]").rules


def test_each_copy_has_its_own(load: Load) -> None:
    """What a rule says may depend on the number of the process."""
    config = load(f'{WEB}numprocs = 2\nrules = ["fds > 1%(process_num)d"]')
    assert {"web_00": (rule("fds > 10"),), "web_01": (rule("fds > 11"),)} == (
        config.rules
    )


def test_tables_are_a_list_as_well(load: Load) -> None:
    """TOML has a second way to write it."""
    config = load(f'{WEB}[[program.web.rules]]\nwhen = "fds > 5"')
    assert {"web": (rule("fds > 5"),)} == config.rules


def test_the_host_has_rules(load: Load) -> None:
    """They are problems of a level, held for a person or answered by a runbook."""
    found = load(
        f"""{WEB}
        [host]
        rules = [
          "load > 5",
          {{ when = "disk / > 95%", remedy = "run mend", level = "critical" }},
        ]
        """
    ).host_rules
    assert ["load > 5", "disk / > 95%"] == [str(one) for one in found]
    assert [(Hold(),), (Run("mend"),)] == [one.ladder for one in found]
    assert [False, True] == [one.critical for one in found]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('"fds > 5"', "rules: expected a list of rules, got"),
        ("[5]", "rules[0]: expected a table, got 5"),
        ("[{}]", "rules[0].when: missing, and there is no default"),
        ('["fds > "]', "rules[0].when: column 7: expected a value such as 1000, got"),
        ('["fds > 5", "fd > 5"]', 'rules[1].when: column 1: "fd" is not measured'),
        ('[{ when = "fds > 5", clear = "fds" }]', "rules[0].clear: column 5: expected"),
        (
            '[{ when = "fds > 5", clear = "fds < 9" }]',
            'rules[0].clear: column 1: it holds for values at which "fds > 5" does',
        ),
        ('["fds > 5", "fds >5"]', 'rules[1]: "fds > 5" is there before'),
        (
            '[{ when = "fds > 5", remedy = "reboot" }]',
            'rules[0].remedy: "reboot": a re',
        ),
        ('[{ when = "fds > 5", remedy = "run x" }]', "rules[0].remedy: "),
        ('[{ when = "fds > 5", remedy = "reload" }]', "it is not said how this is rel"),
        ('[{ when = "fds > 5", level = "critical" }]', "it is for rules of [host]"),
        ('[{ when = "fds > 5", clea = "fds < 5" }]', 'did you mean "clear"?'),
        ('["cpu > 5% for 2s"]', 'rules[0].when: "for 2s" is over before it is looked'),
        (
            '[{ when = "cpu > 5%", clear = "cpu < 5% for 2s" }]',
            "rules[0].clear: ",
        ),
        (
            '[{ when = "restarts > 5 in 1h", remedy = "restart" }]',
            "rules[0].remedy: one more restart is no remedy for many",
        ),
        ('["fds > ${HOME}"]', "rules[0].when: with its variables replaced it is no ru"),
    ],
)
def test_mistakes(wrong: Wrong, written: str, words: str) -> None:
    """Each is told once, at the rule and the key that have it."""
    [line] = wrong(f"{WEB}rules = {written}")
    assert line.startswith("main.toml: program.web.rules")
    assert words in line


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('[{ when = "load > 5", remedy = "restart" }]', "rules[0].remedy: nothing but"),
        (
            '[{ when = "load > 5", remedy = ["hold", "run mend"] }]',
            "rules[0].remedy: nothing but hold, or run and a runbook",
        ),
        ('[{ when = "load > 5", remedy = "run m" }]', 'there is no runbook "m"'),
        (
            '[{ when = "load > 5", level = "bad" }]',
            'rules[0].level: expected one of "w',
        ),
        ('["memory > 5% for 1s"]', "is over before it is looked again"),
        ('["fds > 5% of limit"]', "rules[0].when: column 10: expected the end"),
    ],
)
def test_mistakes_of_the_host(wrong: Wrong, written: str, words: str) -> None:
    """What needs a service can't be a remedy."""
    [line] = wrong(f"{WEB}[host]\nrules = {written}")
    assert line.startswith("main.toml: host.rules")
    assert words in line


def test_the_host_is_the_main_file_s(wrong: Wrong) -> None:
    """There is one, so it stands in one place."""
    [line] = wrong("#", more='[host]\nrules = ["load > 5"]')
    assert "conf.d/more.toml: host: not in an included file" in line


def test_secrets_are_not_shown(wrong: Wrong) -> None:
    """What a variable holds is told nowhere."""
    [line] = wrong(f'{WEB}rules = ["fds > ${{X}}"]', environ={"X": "hunter2"})
    assert "hunter2" not in line
