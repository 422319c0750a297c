"""Diagnosis by a model, for a person."""

from selfhealctl.advice import pasteable
from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import Column, Screen, screen, state, table
from selfhealctl.views.text import QUOTED, moment
from selfhealingd.wire.diagnosis import LlmDocument, ReportDocument


def show_llm(found: LlmDocument, *, keys_alone: bool) -> None:
    """Print how it stands, and its keys."""
    console = screen()
    if not keys_alone:
        counts = found.key_management
        console.show(_name("mode"), found.mode)
        console.show(_name("model"), f"{found.model} at {found.endpoint}")
        console.show(_name("breaker"), state(found.breaker))
        words = f"{found.calls_left} calls this hour, {found.tokens_left} tokens today"
        console.show(_name("left"), words)
        if found.cost_today is not None:
            limit = "" if found.cost_per_day is None else f" of {found.cost_per_day:g}"
            words = f"{found.cost_today:.4g}{limit} today"
            words += f", {found.cost_this_month or 0:.4g} this month"
            console.show(_name("cost"), words)
        words = f"{counts.total_keys}, {counts.active_keys} of them usable now"
        console.show(_name("keys"), words)
        for one in found.allowed:
            words = f"{one.service}: {', '.join(one.actions)}"
            console.show(_name("may do"), words)
        for name in found.demoted:
            command = f'selfhealctl llm trust {name} --reason "…"'
            words = f"{name}, as it acted in vain, until: {command}"
            console.show(_name("demoted"), words)
        _approvals(console, found)
        last = found.last_failure
        if last is not None:
            words = f"{last.words} ({last.incident}, {moment(last.at)})"
            console.show(_name("in vain"), words)
        if found.problem:
            console.show(_name("problem"), found.problem)
    for words in found.refused:
        console.show(_name("refused"), words)
    if found.refused:
        console.show(_name("do"), pasteable("mend it, then: selfhealctl reload"))
    if not found.keys:
        console.show("there are no keys: rules diagnose alone")
        console.show("a key is taken from ANTHROPIC_API_KEY or [llm] key_file,")
        console.show("which is llm.keys beside the config where nothing is named")
        return
    columns = (Column("KEY"), Column("FROM", wraps=True), Column("STATE", wraps=True))
    rows = [(one.fingerprint, one.source, one.state) for one in found.keys]
    table(console, columns, rows)


def _approvals(console: Screen, found: LlmDocument) -> None:
    for one in found.approvals:
        words = f"{one.action} for {one.incident} until"
        console.show(_name("proposes"), f"{words} {moment(one.until)}: {one.do}")


def show_report(found: ReportDocument) -> None:
    """Print a report below what else is known of an incident."""
    console = screen()
    console.show()
    by = f"the {found.by}"
    if found.of:
        by += f" ({found.of}{', ' + moment(found.at) if found.at else ''})"
    console.show(Piece(f"diagnosis by {by}", Style.BOLD))
    if found.same_as:
        words = f"the same as {found.same_as}, from the cache: not asked again"
        console.show(_name("said"), words)
    console.show(_name("cause"), f"{found.cause}, {found.confidence:.0%} sure")
    console.show(_name("says"), found.summary)
    if found.tokens is not None:
        cost = "" if found.cost is None else f", {found.cost:.4g} by the prices then"
        console.show(_name("took"), f"{found.tokens} tokens{cost}")
    for place, one in enumerate(found.cited):
        name = _name("" if place else "because")
        console.show(name, f"{one.number} {one.part}: {QUOTED}{one.words}")
    console.show(_name("advice"), found.action)
    for place, command in enumerate(found.next_commands):
        console.show(_name("" if place else "do"), pasteable(command))


def _name(name: str) -> Piece:
    return Piece(f"{name:<9}", Style.DIM)
