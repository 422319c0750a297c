"""What others do to a watch: start it, stop it, put another process in its place.

Whoever does that is an operator as good as one who asks us, so it is wanted, or not
wanted any more, from then on.
"""

from msgspec.structs import replace

from selfhealingd.core import attempts, engine, service
from selfhealingd.core.events import Appeared, Exited, Spawned
from selfhealingd.core.life import Starting, Stopped, Stopping
from selfhealingd.core.turn import Turn


def appeared(turn: Turn, event: Appeared) -> None:
    """Take in a process that we did not start."""
    s = turn.host.services.get(event.service)
    if s is None:
        return
    program = turn.program(s.name)
    match s.life:
        case Starting(pid=None) | Stopping(pid=None, ended=False):
            # Our own start is under way, and this is what comes of it.
            spawned = Spawned(
                at=event.at,
                service=s.name,
                run=s.run,
                pid=event.pid,
                started=event.started,
            )
            turn.put(*service.spawned(program, s, spawned))
        case _ if event.run <= s.run:
            return
        case Stopping(ended=False):
            life = replace(s.life, pid=event.pid)
            turn.put(replace(s, run=event.run, started=event.started, life=life))
        case _:
            up = replace(
                s,
                run=event.run,
                started=event.started,
                wanted=True,
                called=False,
                symptoms=(),
                life=Starting(event.at, event.pid),
            )
            turn.put(*service.due(program, up, at=event.at))
    engine.review(turn, s.name)


def withdrawn(turn: Turn, event: Exited) -> None:
    """Leave a watch alone that somebody stopped."""
    s = attempts.take_over(turn, turn.service(event.service), "somebody stopped it")
    turn.put(
        replace(
            s,
            wanted=False,
            called=False,
            failed_starts=0,
            exit=replace(event.exit, told=True),
            life=Stopped(event.at),
        )
    )
