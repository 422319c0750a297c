"""Programs that ran on while there was no daemon: taken over as they are.

One that the config has no more goes on, too, as after a reload: a start of the daemon
ends nothing that nobody asked to end. ``[daemon] orphans = "stop"`` asks for it.
"""

from collections.abc import Iterable, Mapping

import trio
from msgspec.structs import replace

from selfhealingd import logs
from selfhealingd.config.settings import Config
from selfhealingd.core.adoption import missed
from selfhealingd.core.events import StopAsked
from selfhealingd.core.life import Running, alive
from selfhealingd.ending import ourselves
from selfhealingd.hands import Hands
from selfhealingd.memory import Past
from selfhealingd.origins import UNKNOWN, Origin
from selfhealingd.reloading import put_into_force, waiting
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.system import System

log = logs.get("Supervisor")


def users(config: Config, past: Past) -> dict[str, int]:
    """Whom programs run as, where that is somebody else than the daemon."""
    then = {name: origin.uid for name, origin in past.origins.items()}
    now = {
        name: launch.credentials.uid
        for name, launch in config.launches.items()
        if launch.credentials is not None
    }
    return {name: uid for name, uid in (then | now).items() if uid is not None}


def with_gone(
    config: Config, names: Iterable[str], origins: Mapping[str, Origin]
) -> Config:
    """Add those of the programs that the config has no more, as far as known."""
    gone = {
        name: origins.get(name, UNKNOWN)
        for name in names
        if name not in config.launches
    }
    programs = {name: origin.program(name) for name, origin in gone.items()}
    return replace(
        config,
        policy=replace(config.policy, programs={**config.policy.programs, **programs}),
        launches={
            **config.launches,
            **{name: origin.ghost() for name, origin in gone.items()},
        },
    )


async def adopt_all(system: System, hands: Hands) -> None:
    """Stay with what runs on."""
    inheritance, services = system.inheritance, system.loop.host.services
    lost = system.outputs.recover(
        {n: one.pid for n, one in inheritance.leaders.items()}
    )
    if lost:
        log.warning(
            "their FIFOs have lost their places, and are read on nevertheless:"
            f" {', '.join(sorted(lost))}; do not delete what is in"
            f" {system.config.daemon.runtime_dir}"
        )
    _take_up_output(system)
    for name, leader in inheritance.leaders.items():
        launch, s = system.loop.launches[name], services[name]
        if isinstance(s.life, Running):
            launch = launch.started
        await hands.adopt(name, s.run, leader.identity, launch)
    if inheritance.leaders:
        names = ", ".join(sorted(inheritance.leaders))
        log.info(f"adopted what runs on untouched: {names}")


async def tell_missed(system: System) -> None:
    """Let the loop know what happened while there was no daemon."""
    inheritance = system.inheritance
    for event in missed(
        system.loop.host,
        inheritance.leaders.keys(),
        inheritance.left(),
        now=trio.current_time(),
    ):
        await system.loop.apply(event)


def _take_up_output(system: System) -> None:
    """Move what is left in FIFOs, also of programs that are down."""
    strangers = system.outputs.strangers()
    for name in strangers & system.loop.launches.keys():
        launch = system.loop.launches[name]
        try:
            system.outputs.open(name, launch.stdout, launch.stderr, launch.credentials)
        except OutputError as error:
            log.error(f"{name}: {error}")


async def see_off_gone(system: System) -> None:
    """Stop what the config has no more, if it says so; forget what has ended."""
    gone = {name for name, one in system.config.launches.items() if not one.argv}
    if system.config.daemon.orphans == "stop" and gone:
        now = trio.current_time()
        makes = [
            lambda number, name=name: StopAsked(
                at=now,
                request=number,
                by=ourselves(),
                reason="gone from the config, and orphans = stop",
                service=name,
            )
            for name in sorted(gone)
        ]
        await system.loop.ask(*makes)
    while gone := gone & system.config.launches.keys() - system.wanted.launches.keys():
        moved = system.loop.moved
        services = system.loop.host.services
        over = {n for n in gone if n not in services or not alive(services[n].life)}
        if over:
            async with system.reloading:
                await put_into_force(system, keep=waiting(system) - over)
            log.info(f"gone from the config, and ended: {', '.join(sorted(over))}")
        else:
            await moved.wait()
