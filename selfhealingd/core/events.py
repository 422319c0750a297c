"""Everything that can happen. What is done about it is in ``effects``.

``at`` is when, in seconds on the monotonic clock. Events about a process carry the
number of its run. Requests carry a number under which the answer is expected.
"""

from typing import TypeAlias

import msgspec

from selfhealingd.core.breaker import By
from selfhealingd.core.diagnosis import Action
from selfhealingd.core.exits import Exit
from selfhealingd.core.policy import Flags, Policy
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.undertaking import Undertaking


class Happened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all events."""

    at: float


class Began(Happened, frozen=True, kw_only=True, tag=True):
    """The daemon is up, and knows what happened before it was."""


class Reconfigured(Happened, frozen=True, kw_only=True, tag=True):
    """Another policy is in force from now on."""

    policy: Policy


class FlagsChanged(Happened, frozen=True, kw_only=True, tag=True):
    """The flag file was read and says something else."""

    flags: Flags


class Spawned(Happened, frozen=True, kw_only=True, tag=True):
    """A run has a process. ``started``: its start time in clock ticks."""

    service: str
    run: int
    pid: int
    started: int | None = None


class SpawnFailed(Happened, frozen=True, kw_only=True, tag=True):
    """A run never began."""

    service: str
    run: int
    problem: str


class Exited(Happened, frozen=True, kw_only=True, tag=True):
    """A run's own process ended. ``left``: members of its group that still live.

    ``meant``: somebody else saw to that a watch ended, and wants it so.
    """

    service: str
    run: int
    exit: Exit
    left: int = 0
    meant: bool = False


class Appeared(Happened, frozen=True, kw_only=True, tag=True):
    """A watch has a process that we did not start, or another one than before.

    ``run`` is the number of the run that this begins.
    """

    service: str
    run: int
    pid: int
    started: int


class Emptied(Happened, frozen=True, kw_only=True, tag=True):
    """Nothing is left of a run's group."""

    service: str
    run: int


class Ready(Happened, frozen=True, kw_only=True, tag=True):
    """The sign that a run is ready has come."""

    service: str
    run: int


class Unready(Happened, frozen=True, kw_only=True, tag=True):
    """A run is not ready yet; ``lack`` says what was seen instead."""

    service: str
    run: int
    lack: str


class MoreTimeAsked(Happened, frozen=True, kw_only=True, tag=True):
    """A run needs so many ``seconds`` from now to start, or to end."""

    service: str
    run: int
    seconds: float


class Sickened(Happened, frozen=True, kw_only=True, tag=True):
    """Something is wrong with a run that is up, or is wrong in another way now."""

    service: str
    run: int
    symptom: Symptom


class Recovered(Happened, frozen=True, kw_only=True, tag=True):
    """What was wrong with a run under that key isn't any more."""

    service: str
    run: int
    key: str


class Gathered(Happened, frozen=True, kw_only=True, tag=True):
    """The evidence of an incident is kept, as far as it could be had."""

    service: str
    incident: str


class CommandEnded(Happened, frozen=True, kw_only=True, tag=True):
    """An attempt's command is over; ``problem``: why it did not do what it should."""

    service: str
    incident: str
    attempt: int
    problem: str | None = None


class Advised(Happened, frozen=True, kw_only=True, tag=True):
    """A model proposes an action for a service's incident.

    ``digest``: of the config that concerns the service, as ``consent.digest`` made it.
    """

    service: str
    incident: str
    action: Action
    digest: str


class Due(Happened, frozen=True, kw_only=True, tag=True):
    """The time that a service's ``Wake`` asked for has come."""

    service: str


class Knocked(Happened, frozen=True, kw_only=True, tag=True):
    """A client connected to a socket on which a service starts.

    Not ``opened``: its sockets can't be, and its start will fail and say why.
    """

    service: str
    opened: bool = True


class Noticed(Happened, frozen=True, kw_only=True, tag=True):
    """Something is wrong that no incident is about, or isn't any more (``over``).

    ``service``: whom it is about; None for the host. ``key`` tells it from others.
    """

    key: str
    words: str
    service: str | None = None
    critical: bool = False
    over: bool = False


class Undertaken(Happened, frozen=True, kw_only=True, tag=True):
    """What a person asked for is gone about in turns; so much of it is left."""

    what: Undertaking


class Asked(Happened, frozen=True, kw_only=True):
    """Base of what a person asks for."""

    request: int
    by: By
    reason: str | None = None


class StartAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Run it."""

    service: str


class StopAsked(Asked, frozen=True, kw_only=True, tag=True):
    """End it and leave it so."""

    service: str


class RestartAsked(Asked, frozen=True, kw_only=True, tag=True):
    """End it if it runs, and run it."""

    service: str


class SignalAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Send a signal to its process alone."""

    service: str
    signal: int


class ResumeAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Leave dormant mode."""


class ResetAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Close a breaker; ``force`` also one that is open for good."""

    breaker: str
    force: bool = False


class ApproveAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Carry out what waits for approval under that id.

    ``digest``: of the config that concerns its service, as it is now.
    """

    proposal: str
    digest: str


class TrustAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Let a model act again on a service about which it only advises by now."""

    service: str


class Acted(Asked, frozen=True, kw_only=True, tag=True):
    """A person did something that is not decided here: it is only recorded."""

    action: str
    target: str


class ShutdownAsked(Asked, frozen=True, kw_only=True, tag=True):
    """Stop everything, in order."""


Request: TypeAlias = (
    StartAsked
    | StopAsked
    | RestartAsked
    | SignalAsked
    | ResumeAsked
    | ResetAsked
    | ApproveAsked
    | TrustAsked
    | Acted
    | ShutdownAsked
)

News: TypeAlias = (
    Spawned
    | SpawnFailed
    | Exited
    | Emptied
    | Ready
    | Unready
    | MoreTimeAsked
    | Sickened
    | Recovered
)
"""What happens to one run."""


class Diagnosed(Happened, frozen=True, kw_only=True, tag=True):
    """A model has said what went wrong in an incident; nothing follows from it.

    ``tokens``, ``cost``: what the call took, where that is known. ``same_as``: it was
    not asked, as it had been about an incident that is the same.
    """

    service: str
    incident: str
    cause: str
    action: str
    model: str
    tokens: int | None = None
    cost: float | None = None
    same_as: str | None = None


Elsewhere: TypeAlias = Appeared
"""What others do to a watch."""

Healing: TypeAlias = Gathered | CommandEnded
"""What comes of the engine's own deeds."""

Event: TypeAlias = (
    Began
    | Reconfigured
    | FlagsChanged
    | News
    | Elsewhere
    | Healing
    | Advised
    | Due
    | Knocked
    | Noticed
    | Diagnosed
    | Undertaken
    | Request
)
