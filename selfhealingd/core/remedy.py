"""What may help a service, as the operator's ladders name it: cheapest first."""

from typing import TypeAlias, assert_never

import msgspec

from selfhealingd.core.signals import signal_name, signal_number


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """Let it read its own config again, by its reload signal or command."""


class SendSignal(msgspec.Struct, frozen=True, tag="signal"):
    """Send a signal to its process."""

    signal: int


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Stop it, and start it again."""


class RestartDependents(msgspec.Struct, frozen=True, tag="restart-dependents"):
    """Restart it, and with it all that depends on it."""


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Run one of the operator's runbooks."""

    runbook: str


class Hold(msgspec.Struct, frozen=True, tag="hold"):
    """Do nothing: leave it to a person."""


Remedy: TypeAlias = Reload | SendSignal | Restart | RestartDependents | Run | Hold

Ladder: TypeAlias = tuple[Remedy, ...]
"""Tried one after the other; the last one again and again."""

DEFAULT_LADDER: Ladder = (Restart(),)

PLAIN: dict[str, Remedy] = {
    "reload": Reload(),
    "restart": Restart(),
    "restart-dependents": RestartDependents(),
    "hold": Hold(),
}
"""Remedies that are one word."""


class BadRemedy(ValueError):
    """The words name no remedy; says what would."""


def parse(words: str) -> Remedy:
    """Read ``restart``, ``signal HUP``, ``run clear-cache`` …; raises BadRemedy."""
    match words.split():
        case [word] if word in PLAIN:
            return PLAIN[word]
        case ["signal", name]:
            number = signal_number(name)
            if not number:
                raise BadRemedy(f"there is no signal {name!r}")
            return SendSignal(number)
        case ["run", name]:
            return Run(name)
        case _:
            known = ", ".join(PLAIN)
            raise BadRemedy(f"a remedy is one of {known}, signal NAME, run RUNBOOK")


def in_words(remedy: Remedy) -> str:
    """Say a remedy as ``parse`` reads it."""
    match remedy:
        case SendSignal(signal=number):
            return f"signal {signal_name(number).removeprefix('SIG')}"
        case Run(runbook=name):
            return f"run {name}"
        case Reload() | Restart() | RestartDependents() | Hold():
            return str(remedy.__struct_config__.tag)
        case _:
            assert_never(remedy)


def start_in_words(first: Run | None) -> str:
    """Say the start of what is down as a remedy, after a runbook where one is due."""
    return "restart" if first is None else f"{in_words(first)}, and start"
