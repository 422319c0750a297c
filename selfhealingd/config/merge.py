"""Which config to go on with when another one was read. Pure."""

from msgspec.structs import replace

from selfhealingd.config.diff import compare
from selfhealingd.config.settings import Config


def merge(in_force: Config, wanted: Config, *, keep: frozenset[str]) -> Config:
    """Return ``wanted``, with what can't be applied now as it is in force.

    ``keep``: programs that run and must not be disturbed; what they run stays as it
    is, and one that ``wanted`` no longer has stays altogether. What only a new daemon
    reads (``[daemon]``, ``[control]``) stays, too.
    """
    staying = keep & in_force.launches.keys()
    gone = staying - wanted.launches.keys()
    launches = wanted.launches | {name: in_force.launches[name] for name in staying}
    programs = wanted.policy.programs | {
        name: in_force.policy.programs[name] for name in gone
    }
    for name in staying - gone:
        # What is looked for once it runs goes with what is run.
        readiness = in_force.policy.programs[name].readiness
        programs[name] = replace(programs[name], readiness=readiness)
    return replace(
        wanted,
        daemon=replace(
            in_force.daemon,
            include=wanted.daemon.include,
            tasks_caution=wanted.daemon.tasks_caution,
            tasks_overload=wanted.daemon.tasks_overload,
        ),
        control=in_force.control,
        launches=launches,
        policy=replace(wanted.policy, programs=programs),
    )


def pending(in_force: Config, wanted: Config) -> frozenset[str]:
    """Return the programs of which something waits for a restart or a stop."""
    changes = compare(in_force, wanted)
    return frozenset(changes.relaunch) | frozenset(changes.removed)
