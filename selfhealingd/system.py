"""The parts of a running daemon, for those who have to do with several of them."""

from dataclasses import dataclass, field

import trio

from selfhealingd.config.settings import Config
from selfhealingd.core.breaker import By
from selfhealingd.counting import Counts
from selfhealingd.diagnosing import Diagnosis
from selfhealingd.feed import Feed
from selfhealingd.inheritance import Inheritance
from selfhealingd.judging import Judging
from selfhealingd.loop import Loop
from selfhealingd.memory import Moment
from selfhealingd.notify.hooks import Hooks
from selfhealingd.observe.probes.prober import Prober
from selfhealingd.observe.sampler import Sampler
from selfhealingd.operations import Operations
from selfhealingd.origins import Origins
from selfhealingd.periodic import Periodic
from selfhealingd.problems import Problems
from selfhealingd.recalling import Recall
from selfhealingd.secrecy import Secrecy
from selfhealingd.store.evidence import EvidenceStore
from selfhealingd.store.journal import Journal
from selfhealingd.store.keeper import Keeper
from selfhealingd.succession import Succession
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.sockets.pool import Sockets
from selfhealingd.supervise.watching.watching import Watching


@dataclass(kw_only=True)
class System:
    """All parts. ``config`` is in force; ``wanted`` is the latest that was valid.

    They differ where something waits for ``update`` or for a new daemon.
    ``flags_error``: why the flag file is not what is in force. ``began``: when the
    daemon did, on trio's clock. ``nursery``: where operations live. ``diagnoses``: the
    model's reports by incident; ``recall``: what same incidents get. ``secrecy``: what
    is secret. ``followed``: how many logs clients follow. ``replaying``: for somebody.
    ``drilled``: which service is, ``drill``: by what. ``ending``: everything is
    stopped, as asked.
    ``said``: the status that programs gave themselves. ``by_hand``: runbooks that an
    operator runs, each with its service. ``web_changed``: set when ``[web]`` is to be
    read anew, of which there then is a new one; ``web_taken``: once that was done, of
    which ``web_wrong`` could not be.
    """

    config: Config
    wanted: Config
    loop: Loop
    keeper: Keeper[Moment]
    journal: Journal
    periodic: Periodic
    feed: Feed
    hooks: Hooks
    counts: Counts
    operations: Operations
    problems: Problems
    inheritance: Inheritance
    outputs: Outputs
    evidence: EvidenceStore
    prober: Prober
    sockets: Sockets
    watching: Watching
    origins: Origins
    sampler: Sampler
    judging: Judging
    succession: Succession
    diagnosis: Diagnosis
    diagnoses: EvidenceStore
    recall: Recall
    secrecy: Secrecy
    nursery: trio.Nursery
    began: float
    flags_error: str | None = None
    flags_loaded: float | None = None
    followed: int = 0
    replaying: bool = False
    drilled: str | None = None
    drill: str | None = None
    ending: bool = False
    by_hand: set[tuple[str, str]] = field(default_factory=set)
    shutdown_asked: trio.Event = field(default_factory=trio.Event)
    shutdown_by: By | None = None
    shutdown_reason: str | None = None
    reloading: trio.Lock = field(default_factory=trio.Lock)
    said: dict[str, str] = field(default_factory=dict)
    web_changed: trio.Event = field(default_factory=trio.Event)
    web_taken: trio.Event = field(default_factory=trio.Event)
    web_wrong: tuple[str, ...] = ()

    def watch(self) -> None:
        """Look at the watches of the config in force, and at no others."""
        runs = {name: s.run for name, s in self.loop.host.services.items()}
        self.watching.sync(self.config.watches, runs)

    def renew_web(self) -> None:
        """Serve over HTTP what the config in force says, with the token of now."""
        self.web_changed.set()
        self.web_changed = trio.Event()

    def note_status(self, program: str, words: str | None) -> None:
        """Keep what a program says of itself, or forget it."""
        if words is None:
            self.said.pop(program, None)
        else:
            self.said[program] = words

    def ask_shutdown(self, by: By, *, reason: str | None = None) -> None:
        """Begin to stop everything; who asks first is who is recorded."""
        if self.shutdown_by is None:
            self.shutdown_by, self.shutdown_reason = by, reason
        self.shutdown_asked.set()
