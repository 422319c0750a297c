"""Attempts that are commands: the operator's runbooks, and a service's own reload."""

from collections.abc import Awaitable, Callable

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.config.settings import Config, Runbook
from selfhealingd.core.events import CommandEnded
from selfhealingd.core.host import Service
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import pid_of
from selfhealingd.core.signals import signal_name
from selfhealingd.loop import Loop
from selfhealingd.supervise.environment import INSTANCE, TASK, one_line
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import Ran, run_to_end

_SHOWN_LINES = 5

log = logs.get("SelfHealing")


class Runbooks:
    """Carries them out, by the config as it is then.

    A command that nobody waits for any more, since the operator took over perhaps, is
    ended with its tree. ``signal`` sends a signal to a run's process. ``clear`` waits
    until nothing runs that an earlier daemon began: no command runs twice at once.
    """

    def __init__(
        self,
        mark: str,
        loop: Loop,
        config: Callable[[], Config],
        *,
        signal: Callable[[str, int, int], None],
        report: Callable[[CommandEnded], Awaitable[None]],
        clear: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
    ) -> None:
        self._mark = mark
        self._loop = loop
        self._config = config
        self._signal = signal
        self._report = report
        self._clear = clear

    async def carry_out(
        self, service: str, incident: str, attempt: int, runbook: str | None
    ) -> None:
        """Run a runbook, or reload (None), and report its end; once, whatever comes."""
        try:
            problem = await self._attempt(service, incident, attempt, runbook)
        except Exception:
            log.exception(f"{service}: a defect of ours ended an attempt by a command")
            problem = "a defect of ours, see the daemon's log"
        await self._report(
            CommandEnded(
                at=trio.current_time(),
                service=service,
                incident=incident,
                attempt=attempt,
                problem=problem,
            )
        )

    async def _attempt(
        self, service: str, incident: str, attempt: int, name: str | None
    ) -> str | None:
        config = self._config()
        found = (
            config.reloads.get(service) if name is None else config.runbooks.get(name)
        )
        s = self._loop.host.services.get(service)
        if s is None or found is None:
            return (
                f"there is no {'command to reload' if name is None else name} any more"
            )
        if isinstance(found, int):
            self._signal(service, s.run, found)
            log.info(f"{service}: sent {signal_name(found)} to reload")
            return None
        facts = {**facts_of(s), "SELFHEALINGD_ATTEMPT": str(attempt)}
        problem: str | None = "nobody waits for it any more"
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                while self._wanted(service, incident, attempt):
                    await self._loop.moved.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            await self._clear()
            problem = await run_runbook(self._mark, found, service, facts)
            nursery.cancel_scope.cancel()
        return problem

    def _wanted(self, service: str, incident: str, attempt: int) -> bool:
        """Whether the attempt is still under way, looked at as it is now."""
        s = self._loop.host.services.get(service)
        if s is None or s.open_incident is None or s.attempt is None:
            return False
        return s.open_incident.id == incident and s.attempt.number == attempt


async def run_runbook(
    mark: str, runbook: Runbook, service: str, facts: dict[str, str]
) -> str | None:
    """Run a command for a service; returns what went wrong, if anything did.

    ``mark`` is the daemon's instance; ``facts`` are added to its environment. Whatever
    it leaves is ended with it.
    """
    marks = {INSTANCE: mark, TASK: f"{runbook.name} for {service}"}
    launch = _with(runbook.launch, {"SELFHEALINGD_SERVICE": service, **facts})
    log.info(f"{service}: running {runbook.name}")
    try:
        ran = await run_to_end(launch, marks, timeout=runbook.timeout)
    except SpawnError as error:
        return str(error)
    _tell(service, runbook, ran)
    return ran.problem(runbook.timeout)


def facts_of(s: Service) -> dict[str, str]:
    """What a command is told of what is wrong."""
    pid, found = pid_of(s.life), s.open_incident
    return {
        "SELFHEALINGD_PID": "" if pid is None else str(pid),
        "SELFHEALINGD_INCIDENT": "" if found is None else found.id,
        "SELFHEALINGD_CAUSE": "" if found is None else found.cause.value,
        "SELFHEALINGD_DETAIL": "" if found is None else found.detail,
    }


def _with(launch: Launch, facts: dict[str, str]) -> Launch:
    told = {name: one_line(value) for name, value in facts.items()}
    environment = {**launch.environment, **told}
    return msgspec.structs.replace(launch, environment=environment)


def _tell(service: str, runbook: Runbook, ran: Ran) -> None:
    problem = ran.problem(runbook.timeout)
    words = f"{service}: {runbook.name} {problem or 'is done'} ({ran.seconds:.1f} s)"
    (log.info if problem is None else log.warning)(words)
    for line in ran.told.strip().splitlines()[-_SHOWN_LINES:]:
        log.info(f"{service}: {runbook.name} said: {line}")
    if ran.survivors:
        log.error(
            f"{service}: {runbook.name} left what can't be ended: {ran.survivors}"
        )
