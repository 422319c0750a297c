"""What is wrong with programs' output: in status as it is, in the log as it changes."""

from collections.abc import Iterator, Mapping

import trio

from selfhealingd import logs
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import how_to_mend
from selfhealingd.core.report import Problem
from selfhealingd.problems import Problems
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.outputs import Outputs

log = logs.get("Output")


class OutflowWatch:
    """Logs when a program's output is not taken, and when it is taken again."""

    def __init__(self) -> None:
        self._told: Mapping[str, str] = {}

    def look(self, found: Mapping[str, str]) -> None:
        """Tell of a change since the last look: problems in words, by program."""
        for name, words in found.items():
            if words != self._told.get(name):
                log.error(f"{name}: {words}")
        for name in self._told.keys() - found.keys():
            log.info(f"{name}: its output is taken again")
        self._told = dict(found)


def output_problems(
    outputs: Outputs, launches: Mapping[str, Launch]
) -> Iterator[Problem]:
    """One problem for each program whose output is not taken, with what shows why."""
    for name, words in outputs.problems().items():
        launch = launches.get(name)
        ways = "" if launch is None else how_to_mend(launch.stdout, launch.stderr)
        yield Problem(
            words=f"output of {name}: {words}",
            do=f"look: {ways}; nothing is lost while {name} runs"
            if ways
            else "see the daemon's log",
        )


async def move_output(
    outputs: Outputs,
    problems: Problems,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Move output until cancelled; a defect of ours there takes no program down."""
    try:
        await outputs.run(task_status=task_status)
    except Exception as error:
        words = "a defect of ours: programs' output is not moved any more"
        log.error(words, exc_info=error)
        problems.set(
            "output",
            f"{words}; they go on until their FIFOs are full",
            "see the daemon's log and report it; then: systemctl restart selfhealingd",
            critical=True,
        )


def tell_lost(outputs: Outputs) -> None:
    """Log whose last output goes with the daemon, as nothing has taken it."""
    found = outputs.problems()
    for name in sorted(outputs.waiting()):
        why = found.get(name, "its log took nothing for too long")
        log.error(f"{name}: the last of its output is lost: {why}")


async def reopen_logs(outputs: Outputs) -> None:
    """Go on in new files, as logrotate asks for with SIGUSR2."""
    try:
        await outputs.reopen_all()
    except OutputError as error:
        log.error(f"SIGUSR2: {error}")
    else:
        log.info("SIGUSR2: all logs are reopened")
