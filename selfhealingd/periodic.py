"""Which background tasks there are: the daemon's own, and the operator's.

A task that was ended by hand stays ended over restarts and reloads, until
``resume-all`` brings back all that should be there.
"""

from collections.abc import Callable, Iterable, Mapping

from selfhealingd.config.settings import Task as Command
from selfhealingd.supervise.environment import INSTANCE
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end
from selfhealingd.tasks import BackgroundTaskManager, Task


class Periodic:
    """Keeps the registry as the config, and the operator at the terminal, want it.

    ``ended``: ids that were ended by hand. ``on_change`` is told when they change.
    """

    def __init__(
        self,
        manager: BackgroundTaskManager,
        instance: str,
        *,
        own: Iterable[Task],
        ended: frozenset[str],
        on_change: Callable[[], object],
    ) -> None:
        self.manager = manager
        self.ended = ended
        self._instance = instance
        self._own = tuple(own)
        self._commands: Mapping[str, Command] = {}
        self._on_change = on_change

    def sync(self, commands: Mapping[str, Command]) -> None:
        """Make the registry hold the daemon's own tasks and these commands."""
        changed = {n for n, c in commands.items() if self._commands.get(n) != c}
        self._commands = dict(commands)
        wanted = {task.id: task for task in (*self._own, *map(self._task, commands))}
        present = {facts.id for facts in self.manager.facts()}
        for task_id in present - wanted.keys():
            self.manager.unregister(task_id)
        for task_id, task in wanted.items():
            if task_id in self.ended:
                continue
            if task_id not in present:
                self.manager.register(task)
            elif task_id in changed:
                self.manager.replace(task)

    def resume_all(self) -> list[str]:
        """Let paused tasks go on, and bring back what was ended by hand."""
        back = sorted(self.ended)
        self._set_ended(frozenset())
        resumed = self.manager.resume_all()
        self.sync(self._commands)
        return [*resumed, *back]

    def unregister(self, task_id: str) -> None:
        """End one task by hand; raises NoSuchTask."""
        self.manager.unregister(task_id)
        self._set_ended(self.ended | {task_id})

    def cleanup(self) -> list[str]:
        """End all tasks by hand."""
        ids = self.manager.cleanup()
        self._set_ended(self.ended | frozenset(ids))
        return ids

    def _set_ended(self, ended: frozenset[str]) -> None:
        self.ended = ended
        self._on_change()

    def _task(self, name: str) -> Task:
        command = self._commands[name]

        async def run() -> str | None:
            marks = {INSTANCE: self._instance, "SELFHEALINGD_TASK": name}
            try:
                ran = await run_to_end(command.launch, marks, timeout=command.timeout)
            except SpawnError as error:
                return str(error)
            return ran.problem(command.timeout)

        return Task(
            id=name,
            owner="operator",
            every=command.every,
            jitter=command.jitter,
            run=run,
        )
