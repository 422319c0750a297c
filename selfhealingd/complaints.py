"""What parts of a daemon complain of, told in its log and status."""

from selfhealingd import logs
from selfhealingd.core.events import Event
from selfhealingd.core.listening import Listening
from selfhealingd.problems import Problems

log = logs.get("Daemon")


def tell_notes(notes: list[str], problems: Problems) -> None:
    """Tell what was wrong with the last state."""
    for words in notes:
        log.warning(words)
    if notes:
        problems.set(
            "state",
            " ".join(notes),
            "see what it knows: selfhealctl breakers; once that is right, to clear"
            " this: systemctl restart selfhealingd",
        )


def on_fault(problems: Problems, event: Event, fault: Exception) -> None:
    """Tell that an event could not be decided."""
    words = f"a defect of ours: {type(event).__name__} could not be decided"
    log.error(words, exc_info=fault, given=repr(event))
    problems.set(
        "fault",
        words,
        "see the daemon's log and report it; then: systemctl restart selfhealingd",
        critical=True,
    )


def on_socket(problems: Problems, socket: Listening, problem: str | None) -> None:
    """Tell what keeps a socket from being taken back; None: nothing any more."""
    cause = f"socket-{socket.name}"
    if problem is None:
        problems.clear(cause)
        return
    words = f"cannot take {socket} back from an earlier daemon's programs: {problem}"
    log.warning(words)
    problems.set(
        cause,
        f"{words}; it can be opened only once they are gone, and who connects in"
        " between is refused",
        "when it suits, restart the programs that have it; to be spared this, run"
        " selfhealingd as root, or: sysctl kernel.yama.ptrace_scope=0",
    )


def on_task_failure(task: str, words: str) -> None:
    """Tell that a background task failed."""
    logs.get("BackgroundTaskManager").warning(f"{task}: {words}")


def on_sampler_fault(fault: Exception) -> None:
    """Tell of a defect in who is told what was measured."""
    words = "a defect of ours in who is told what was measured"
    logs.get("Sampler").error(words, exc_info=fault)


def on_blind(problems: Problems, watch: str, words: str | None) -> None:
    """Tell why a watch cannot be looked at; None: it can be."""
    cause = f"blind-{watch}"
    if words is None:
        problems.clear(cause)
        return
    problems.set(
        cause,
        f"watch {watch} can't be looked at, so that nobody knows how it is: {words}",
        f"see why: selfhealctl explain {watch}; or watch it by pidfile or match",
    )


def on_trouble(service: str, words: str) -> None:
    """Tell what could not be done to a service."""
    logs.get("Supervisor").error(f"{service}: {words}")
