"""What the state of the systemd unit means, and how a daemon is started anew. Pure."""

from collections.abc import Iterator

from selfhealctl.doctor.facts import Unit, Unreached
from selfhealctl.doctor.findings import Finding, ok, problem, warning
from selfhealingd.wire.checkup import CheckupDocument

_SHOWN = 3


def how_to_restart(unit: Unit | None, daemon: CheckupDocument | Unreached) -> str:
    """Return how the daemon is started anew: one started by hand is no unit's."""
    if isinstance(daemon, CheckupDocument) and not daemon.booted:
        return "when it suits: selfhealctl shutdown; then start it as it was started"
    own = " --user" if unit is not None and unit.user else ""
    return f"when it suits: systemctl{own} restart selfhealingd"


def about_unit(unit: Unit, daemon: CheckupDocument | Unreached) -> Iterator[Finding]:
    """Say whether the unit is there, as this version has it, and in force."""
    own = " --user" if unit.user else ""
    systemctl = f"systemctl{own}"
    if unit.load == "not-found":
        if isinstance(daemon, Unreached):
            yield warning(
                "unit",
                "selfhealingd.service is not installed",
                do=f"selfhealingd --install-systemd{own}",
            )
        else:
            yield ok("unit", "it runs without systemd")
        return
    if unit.load != "loaded":
        yield problem(
            "unit",
            f"systemd can't use it: it is {unit.load}",
            unit.path,
            do=f"{systemctl} status selfhealingd",
        )
        return
    wrong = list(_states(unit, daemon, systemctl))
    yield from wrong
    if unit.differs:
        names = ", ".join(unit.differs[:_SHOWN])
        yield warning(
            "unit",
            f"not as this version has it: {names}",
            unit.path,
            do=f"selfhealingd --install-systemd{own} --dry-run; then without --dry-run",
        )
    for file in unit.instead:
        name = file.rpartition("/")[2]
        yield warning(
            "unit",
            f"systemd takes your {name}, and nothing of what this version has",
            file,
            do=f"keep of it what is yours: {systemctl} edit {name}; delete it;"
            f" then: {systemctl} daemon-reload",
        )
    if not (wrong or unit.differs or unit.instead):
        words = f"{unit.active} and {unit.enabled}, as this version has it"
        yield ok("unit", words, unit.path)


def _states(
    unit: Unit, daemon: CheckupDocument | Unreached, systemctl: str
) -> Iterator[Finding]:
    by_hand = isinstance(daemon, CheckupDocument) and not daemon.booted
    if unit.active == "failed":
        yield problem(
            "unit",
            "it has failed",
            unit.path,
            do="journalctl -u selfhealingd -n 50; then:"
            f"{' selfhealctl shutdown;' if by_hand else ''} {systemctl} restart"
            " selfhealingd",
        )
    elif by_hand and unit.active != "active":
        yield warning(
            "unit",
            f"it is {unit.active}: the daemon that answers was started by hand",
            unit.path,
            do=f"selfhealctl shutdown; then: {systemctl} start selfhealingd",
        )
    elif unit.active != "active" and isinstance(daemon, Unreached):
        yield warning(
            "unit",
            f"it is {unit.active}",
            unit.path,
            do=f"{systemctl} start selfhealingd",
        )
    if unit.stale:
        yield warning(
            "unit",
            "its file changed since systemd read it",
            unit.path,
            do=f"{systemctl} daemon-reload",
        )
    if unit.enabled == "disabled":
        yield warning(
            "unit",
            "it does not start at boot",
            unit.path,
            do=f"{systemctl} enable selfhealingd",
        )
