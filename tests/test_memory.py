"""What is written comes back as it was, wherever the clocks stand then."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from selfhealingd.core.breaker import Breaker, Closed, Open, PermanentlyOpen
from selfhealingd.core.endpoint import Endpoint
from selfhealingd.core.host import Counters, Host, Service
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import Backoff, Exited, Held, Running, Stopped, Why
from selfhealingd.core.output import LogTo
from selfhealingd.core.policy import Flags, Policy, Program
from selfhealingd.core.snapshot import Anchor
from selfhealingd.memory import (
    LOST,
    Memory,
    Moment,
    Past,
    Present,
    remember,
    state_path,
)
from selfhealingd.origins import origin_of
from selfhealingd.store.statefile import StateFile
from selfhealingd.supervise.leftovers import Recorded
from selfhealingd.wire.diagnosis import InVainDocument

POLICY = Policy(programs={name: Program(name=name) for name in ("web", "bad", "off")})
LAUNCH = Launch(argv=("web",), stdout=LogTo(path=Path("/var/log/web.log")))
NOW, BOOTTIME = 1000.0, 50_000.0
ANCHOR = Anchor(NOW, datetime(2026, 11, 23, tzinfo=UTC))
NEW_ENDPOINT = Endpoint()


def host() -> Host:
    return Host(
        services={
            "web": Service(
                name="web", life=Running(NOW - 5, 4711), wanted=True, run=3, started=99
            ),
            "bad": Service(
                name="bad",
                life=Backoff(NOW - 1, Why.BREAKER, NOW + 40),
                wanted=True,
                breaker=Breaker(state=Open(5, NOW + 40)),
            ),
            "off": Service(name="off", life=Stopped(NOW - 9), wanted=False),
        },
        counters=Counters(attempts=7, healed=3, failed=4),
        remedies=(NOW - 100, NOW - 10),
        flags=Flags(preventive_healing=False),
        seed="abc",
    )


@dataclass
class Disk:
    """A state file that was written at ``NOW``."""

    file: StateFile

    def write(
        self, what: Host, *, clean: bool = False, llm: Endpoint = NEW_ENDPOINT
    ) -> None:
        moment = Moment(
            host=what,
            programs=POLICY.programs,
            launched={"web": (3, LAUNCH)},
            now=NOW,
            boottime=BOOTTIME,
            paused=frozenset({"tick"}),
            ended=frozenset({"tock"}),
            clean=clean,
            llm=llm,
        )
        Memory(self.file, ANCHOR, "boot-1").write(moment)

    def read(self, *, after: float, now: float, boot: str = "boot-1") -> Past:
        """Read ``after`` seconds, when another daemon's clock says ``now``."""
        present = Present(now, BOOTTIME + after, boot)
        return remember(self.file, present=present, seed="fresh")


def went_on(past: Past) -> Host:
    """What is brought back where nothing was found to run on."""
    return past.bring_back(POLICY, {})


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(StateFile(state_path(tmp_path)))


def test_facts_come_back_and_what_ran_can_be_found(disk: Disk) -> None:
    """Counters, flags, breakers, stops; a run that was alive is one to look for."""
    disk.write(host())
    back = disk.read(after=10, now=7.0)
    services = went_on(back).services
    assert host().counters == went_on(back).counters
    assert host().flags == went_on(back).flags
    assert "abc" == went_on(back).seed
    assert frozenset({"tick"}) == back.paused
    assert frozenset({"tock"}) == back.ended
    assert Running(7.0 - 10 - 5, 4711) == services["web"].life
    assert (True, 3) == (services["web"].wanted, services["web"].run)
    assert not services["off"].wanted
    ran = Recorded("web", 3, 4711, 99, awaited=False, boot="boot-1")
    off = Recorded("off", 0, None, None, awaited=False, boot="boot-1")
    assert (ran, off) == (back.recorded["web"], back.recorded["off"])
    assert () == back.notes


@pytest.mark.parametrize("after", [0.0, 10.0, 39.0, 500.0])
def test_an_open_breaker_keeps_what_is_left(disk: Disk, after: float) -> None:
    """Time that passed without a daemon passed; the clock may have begun anew."""
    disk.write(host())
    back = disk.read(after=after, now=7.0)
    bad = went_on(back).services["bad"]
    assert isinstance(bad.breaker.state, Open)
    assert bad.breaker.state.until == pytest.approx(7.0 + 40 - after, abs=0.001)
    assert isinstance(bad.life, Backoff)
    assert bad.life.until == pytest.approx(7.0 + 40 - after, abs=0.001)
    assert went_on(back).remedies == pytest.approx((-93 - after, -3 - after), abs=0.001)


def test_dormant_is_dormant_after_a_clean_end_and_a_boot(disk: Disk) -> None:
    """Nothing but a person leaves it."""
    main = Breaker(state=PermanentlyOpen(10, "why"))
    disk.write(replace(host(), main=main), clean=True)
    back = disk.read(after=0, now=1.0, boot="boot-2")
    assert went_on(back).dormant
    assert 10 == went_on(back).main.failures


def test_what_is_done_is_run_again_after_a_boot_alone(disk: Disk) -> None:
    """A mere crash of the daemon does not repeat a job that has ended well."""
    done = Service(name="off", life=Exited(NOW, Held.FINISHED), wanted=True)
    disk.write(replace(host(), services={"off": done}))
    same = went_on(disk.read(after=1, now=7.0)).services["off"]
    other = went_on(disk.read(after=1, now=7.0, boot="boot-2")).services["off"]
    assert isinstance(same.life, Exited)
    assert isinstance(other.life, Stopped)


def test_no_file_is_a_fresh_start(disk: Disk) -> None:
    """Everything as the config says, nothing dormant, nothing to tell."""
    back = disk.read(after=0, now=7.0)
    assert not went_on(back).dormant
    assert () == back.notes
    assert "fresh" == went_on(back).seed
    assert {"web", "bad", "off"} == went_on(back).services.keys()


def test_all_lost_is_dormant(disk: Disk) -> None:
    """Losing a file is not a person's word."""
    disk.write(host())
    disk.write(host())
    disk.file.path.write_text("?")
    disk.file.backup.write_text("?")
    back = disk.read(after=0, now=7.0)
    main = went_on(back).main
    assert isinstance(main.state, PermanentlyOpen)
    assert LOST == main.state.reason
    assert back.notes


@pytest.mark.parametrize(
    "edit",
    [
        ("wanted = true", 'wanted = "perhaps"'),
        ('boot = "boot-1"', "boot = 1"),
        ("failures = 5", "failures = []"),
    ],
)
def test_values_of_a_wrong_kind_are_damage(disk: Disk, edit: tuple[str, str]) -> None:
    """Valid TOML that is no host gives way to the backup, and is told."""
    disk.write(host())
    disk.write(host())
    text = disk.file.path.read_text()
    assert edit[0] in text
    disk.file.path.write_text(text.replace(*edit))
    back = disk.read(after=0, now=7.0)
    assert not went_on(back).dormant
    assert host().counters == went_on(back).counters
    assert "is damaged" in back.notes[0].words


def test_a_program_that_left_the_config_is_still_known(disk: Disk) -> None:
    """By its process; it comes back only where that runs on, with a program for it."""
    gone = Service(name="gone", life=Running(NOW, 42), wanted=True, started=7)
    disk.write(replace(host(), services={"gone": gone}))
    back = disk.read(after=0, now=7.0)
    assert "gone" not in went_on(back).services
    assert 42 == back.recorded["gone"].pid


def test_what_a_run_was_started_with_is_remembered(disk: Disk) -> None:
    """For as long as it lives, also by a daemon that found it running."""
    disk.write(host())
    [origin] = disk.read(after=0, now=7.0).origins.items()
    assert ("web", origin_of(3, LAUNCH, POLICY.programs["web"])) == origin
    moment = Moment(
        host=host(),
        programs=POLICY.programs,
        now=NOW,
        boottime=BOOTTIME,
        paused=frozenset(),
        ended=frozenset(),
        adopted={"web": origin[1], "off": origin[1]},
    )
    Memory(disk.file, ANCHOR, "boot-1").write(moment)
    assert dict([origin]) == disk.read(after=0, now=7.0).origins


def test_a_closed_breaker_stays_closed(disk: Disk) -> None:
    """And keeps its count."""
    bad = Service(
        name="bad", life=Stopped(NOW), wanted=True, breaker=Breaker(state=Closed(3))
    )
    disk.write(replace(host(), services={"bad": bad}))
    back = went_on(disk.read(after=0, now=7.0)).services["bad"].breaker
    assert Closed(3) == back.state


def test_what_is_known_of_a_models_endpoint_comes_back(disk: Disk) -> None:
    """Its breaker, and the calls that brought no report."""
    call = InVainDocument(
        incident="web-1", at="2026-11-23T00:00:00Z", words="timed out after 60 s"
    )
    endpoint = Endpoint(breaker=Breaker(state=Closed(2)), in_vain=(call,))
    disk.write(host(), llm=endpoint)
    assert endpoint == disk.read(after=0, now=7.0).llm


def test_a_version_that_knew_no_calls_in_vain_is_taken_over(disk: Disk) -> None:
    """Its file has no such key, and is whole."""
    disk.write(host())
    text = disk.file.path.read_text()
    assert "in_vain = []\n" in text
    disk.file.path.write_text(text.replace("in_vain = []\n", ""))
    past = disk.read(after=0, now=7.0)
    assert ((), ()) == (past.notes, past.llm.in_vain)
