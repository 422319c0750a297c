"""``rules`` of a program and of the host: words and remedies, checked together.

What they need of the rest of the config is checked by ``check_rules``.
"""

from collections.abc import Collection, Iterator
from typing import Annotated, Literal, TypeAlias

import msgspec

from selfhealingd.config import values
from selfhealingd.config.ladder import check_ladder, read_ladder
from selfhealingd.config.mistakes import Pointer, Spot, show
from selfhealingd.config.table import Nested, Reader, Wrong, read_table
from selfhealingd.core.remedy import Hold, Ladder, Restart, RestartDependents, Run
from selfhealingd.core.rules.grammar import check_clear, parse
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Clause, Counted, Lasting, Rule
from selfhealingd.core.rules.tokens import RuleError
from selfhealingd.core.rules.units import exact
from selfhealingd.core.sample import Unit


def words(value: object) -> str:
    """Return a rule's words, whatever they say."""
    if isinstance(value, str):
        return value
    raise values.Expected('words such as "memory > 500MiB for 3 samples"')


Words: TypeAlias = Annotated[str, Reader(words, required=True)]
OptionalWords: TypeAlias = Annotated[str, Reader(words)]
Remedies: TypeAlias = Annotated[Ladder, Nested(read_ladder)]
Level: TypeAlias = Annotated[
    Literal["warning", "critical"], Reader(values.one_of("warning", "critical"))
]


class RuleTable(msgspec.Struct, frozen=True, kw_only=True):
    """One of a program's ``rules``."""

    when: Words = ""
    clear: OptionalWords | None = None
    remedy: Remedies | None = None


class HostRuleTable(RuleTable, frozen=True, kw_only=True):
    """One of the ``rules`` of ``[host]``."""

    level: Level = "warning"


_NOT_OF_A_SERVICE = {"level": "it is for rules of [host]"}


def read_rules(raw: object, spot: Spot) -> tuple[Rule, ...]:
    """Read a program's rules; raises Wrong after noting what is wrong."""
    return _each(raw, spot, Scope.SERVICE)


def read_host_rules(raw: object, spot: Spot) -> tuple[Rule, ...]:
    """Read the host's rules; raises Wrong after noting what is wrong."""
    return _each(raw, spot, Scope.HOST)


def check_rules(
    rules: tuple[Rule, ...],
    spot: Spot,
    *,
    interval: float,
    runbooks: Collection[str],
    reloads: bool | None,
) -> None:
    """Note what can't be carried out, or seen at that interval of sampling."""
    for index, rule in enumerate(rules):
        here = spot.item(index)
        remedy = here.at("remedy")
        check_ladder(rule.ladder, remedy, runbooks=runbooks, reloads=reloads)
        for key, clause in (("when", rule.when), ("clear", rule.clear)):
            if clause is None or not isinstance(clause.window, Lasting):
                continue
            if clause.window.secs < interval:
                here.at(key).wrong(
                    f'"{clause.window}" is over before it is looked again',
                    "daemon.sample_interval is"
                    f" {exact(Unit.SECONDS, interval)}: take a longer time, or samples",
                )


def check_host_remedy(ladder: Ladder, spot: Spot) -> None:
    """Note a remedy that needs a service; raises Wrong."""
    if any(not isinstance(one, Hold | Run) for one in ladder) or len(ladder) > 1:
        spot.wrong(
            "nothing but hold, or run and a runbook, is for the host itself",
            'write "hold" or "run RUNBOOK"',
        )
        raise Wrong


def _each(raw: object, spot: Spot, scope: Scope) -> tuple[Rule, ...]:
    if not isinstance(raw, list):
        spot.wrong(
            f"expected a list of rules, got {show(raw)}",
            'such as [{ when = "memory > 500MiB for 3 samples", remedy = "restart" }]',
        )
        raise Wrong
    found = [_one(item, spot.item(index), scope) for index, item in enumerate(raw)]
    rules = tuple(rule for rule in found if rule is not None)
    again = list(_twice(rules))
    for index in again:
        spot.item(index).wrong(f'"{rules[index]}" is there before')
    if again or len(rules) < len(found):
        raise Wrong
    return rules


def _twice(rules: tuple[Rule, ...]) -> Iterator[int]:
    seen = set()
    for index, rule in enumerate(rules):
        if rule.key in seen:
            yield index
        seen.add(rule.key)


def _one(raw: object, spot: Spot, scope: Scope) -> Rule | None:
    # Words alone are the shortest rule.
    raw = {"when": raw} if isinstance(raw, str) else raw
    host = scope is Scope.HOST
    elsewhere = {} if host else _NOT_OF_A_SERVICE
    kind = HostRuleTable if host else RuleTable
    table, wrong = read_table(kind, raw, spot, elsewhere)
    if table is None or "when" in wrong:
        return None
    try:
        when = _clause(table.when, raw, spot.at("when"), scope)
        clear = _clear(table.clear, when, raw, spot.at("clear"), scope)
        ladder = _ladder(table.remedy, when, spot.at("remedy"), scope)
    except Wrong:
        return None
    if wrong:
        return None
    critical = isinstance(table, HostRuleTable) and table.level == "critical"
    return Rule(scope=scope, when=when, clear=clear, ladder=ladder, critical=critical)


def _clause(text: str, raw: object, spot: Spot, scope: Scope) -> Clause:
    try:
        return parse(text, scope)
    except RuleError as error:
        _point(error, text, raw, spot)
        raise Wrong from None


def _clear(
    text: str | None, when: Clause, raw: object, spot: Spot, scope: Scope
) -> Clause | None:
    if text is None:
        return None
    clear = _clause(text, raw, spot, scope)
    try:
        check_clear(when, clear)
    except RuleError as error:
        _point(error, text, raw, spot)
        raise Wrong from None
    return clear


def _point(error: RuleError, text: str, raw: object, spot: Spot) -> None:
    written = raw.values() if isinstance(raw, dict) else ()
    if text in written:
        spot.wrong(error.problem, error.hint, Pointer(text, error.column))
    else:
        # What a variable holds may be a secret, so the text isn't shown.
        spot.wrong("with its variables replaced it is no rule")


def _ladder(ladder: Ladder | None, when: Clause, spot: Spot, scope: Scope) -> Ladder:
    if scope is Scope.HOST:
        check_host_remedy(ladder or (), spot)
        return ladder or (Hold(),)
    if not isinstance(when.window, Counted):
        return ladder or ()
    if any(isinstance(one, Restart | RestartDependents) for one in ladder or ()):
        spot.wrong("one more restart is no remedy for many", 'write "hold" or "run …"')
        raise Wrong
    return ladder or (Hold(),)


Rules: TypeAlias = Annotated[tuple[Rule, ...], Nested(read_rules)]
HostRules: TypeAlias = Annotated[tuple[Rule, ...], Nested(read_host_rules)]
