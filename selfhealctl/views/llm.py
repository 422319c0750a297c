"""Diagnosis by a model, for a person."""

from rich.console import Console
from rich.text import Text

from selfhealctl.advice import pasteable
from selfhealctl.views.screen import QUIET, Column, line, screen, state, table
from selfhealctl.views.text import QUOTED, clean, moment
from selfhealingd.wire.diagnosis import LlmDocument, ReportDocument


def show_llm(found: LlmDocument, *, keys_alone: bool) -> None:
    """Print how it stands, and its keys."""
    console = screen()
    if not keys_alone:
        counts = found.key_management
        line(console, _name("mode"), found.mode)
        line(
            console, _name("model"), f"{clean(found.model)} at {clean(found.endpoint)}"
        )
        line(console, _name("breaker"), state(found.breaker))
        words = f"{found.calls_left} calls this hour, {found.tokens_left} tokens today"
        line(console, _name("left"), words)
        if found.cost_today is not None:
            limit = "" if found.cost_per_day is None else f" of {found.cost_per_day:g}"
            words = f"{found.cost_today:.4g}{limit} today"
            words += f", {found.cost_this_month or 0:.4g} this month"
            line(console, _name("cost"), words)
        words = f"{counts.total_keys}, {counts.active_keys} of them usable now"
        line(console, _name("keys"), words)
        for one in found.allowed:
            words = f"{clean(one.service)}: {', '.join(map(clean, one.actions))}"
            line(console, _name("may do"), words)
        for name in found.demoted:
            command = f'selfhealctl llm trust {clean(name)} --reason "…"'
            words = f"{clean(name)}, as it acted in vain, until: {command}"
            line(console, _name("demoted"), words)
        _approvals(console, found)
        if found.problem:
            line(console, _name("problem"), clean(found.problem))
    for words in found.refused:
        line(console, _name("refused"), clean(words))
    if found.refused:
        line(console, _name("do"), pasteable("mend it, then: selfhealctl reload"))
    if not found.keys:
        line(console, "there are no keys: rules diagnose alone")
        line(console, "a key is taken from ANTHROPIC_API_KEY or [llm] key_file,")
        line(console, "which is llm.keys beside the config where nothing is named")
        return
    columns = (Column("KEY"), Column("FROM", wraps=True), Column("STATE", wraps=True))
    rows = [(one.fingerprint, one.source, one.state) for one in found.keys]
    table(console, columns, rows)


def _approvals(console: Console, found: LlmDocument) -> None:
    for one in found.approvals:
        words = f"{clean(one.action)} for {clean(one.incident)} until"
        line(
            console, _name("proposes"), f"{words} {moment(one.until)}: {clean(one.do)}"
        )


def show_report(found: ReportDocument) -> None:
    """Print a report below what else is known of an incident."""
    console = screen()
    line(console)
    by = f"the {clean(found.by)}"
    if found.of:
        by += f" ({clean(found.of)}{', ' + moment(found.at) if found.at else ''})"
    line(console, Text(f"diagnosis by {by}", "bold"))
    if found.same_as:
        words = f"the same as {clean(found.same_as)}, from the cache: not asked again"
        line(console, _name("said"), words)
    line(console, _name("cause"), f"{clean(found.cause)}, {found.confidence:.0%} sure")
    line(console, _name("says"), clean(found.summary))
    if found.tokens is not None:
        cost = "" if found.cost is None else f", {found.cost:.4g} by the prices then"
        line(console, _name("took"), f"{found.tokens} tokens{cost}")
    for place, one in enumerate(found.cited):
        name = _name("" if place else "because")
        line(
            console, name, f"{one.number} {clean(one.part)}: {QUOTED}{clean(one.words)}"
        )
    line(console, _name("advice"), clean(found.action))
    for place, command in enumerate(found.next_commands):
        line(console, _name("" if place else "do"), pasteable(clean(command)))


def _name(name: str) -> Text:
    return Text(f"{name:<9}", QUIET)
