"""The journal of a real daemon holds enough to decide everything again."""

import os
import signal
from pathlib import Path

import msgspec
import pytest
from harness import House, after, hopeless, said, well

from selfhealingd.core import record
from selfhealingd.core.effects import Announcement
from selfhealingd.core.events import Reconfigured
from selfhealingd.core.host import Host
from selfhealingd.core.policy import Policy
from selfhealingd.core.record import Input, Opening
from selfhealingd.core.step import step
from selfhealingd.store.reading import Reading

pytestmark = pytest.mark.process


async def test_a_replay_announces_what_the_daemon_announced(house: House) -> None:
    """Each announcement comes again, word for word, from the opening and the events."""
    house.write({"web": well(), "bad": hopeless(), "w2": well()})
    await house.start()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended", service="web"))
    await house.until(after("FATAL", "bad"))
    await house.call("reset", name="bad", force=True, reason="again")
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    await house.call("reload")
    house.flags.unlink()
    house.change(new=well(), w2=None)
    await house.call("reload")
    await house.call("restart", names=["web"])
    await house.until(after("RUNNING", "new"))
    assert 0 == await house.stop()
    told, again = replay(house.journal)
    assert len(told) > 50
    assert told == again


async def test_a_replay_goes_on_over_a_kill(house: House) -> None:
    """Each daemon's opening has the state that it began with."""
    house.write({"bad": hopeless(), "w1": well(), "w2": well()})
    await house.start()
    await house.until(said("is OPEN for", breaker="program:bad"))
    await house.kill9()
    await house.start()
    await house.until(after("FATAL", "bad"))
    assert 0 == await house.stop()
    told, again = replay(house.journal)
    assert len(told) > 30
    assert told == again


def replay(journal: Path) -> tuple[list[object], list[object]]:
    """Return what was announced, and what is announced when decided again."""
    told: list[object] = []
    again: list[object] = []
    opening, policy, host = None, Policy(), Host()
    for line in Reading(journal):
        match line["kind"]:
            case record.OPENING:
                opening = msgspec.convert(line, Opening)
                policy, host = opening.policy, opening.host
            case record.INPUT:
                assert opening is not None
                given = msgspec.convert(line, Input)
                host, effects = step(policy, host, given.event)
                if isinstance(given.event, Reconfigured):
                    policy = given.event.policy
                again += [
                    plain(effect, given, opening)
                    for effect in effects
                    if isinstance(effect, Announcement)
                ]
            case _:
                told.append(line)
    return told, again


def plain(told: Announcement, given: Input, opening: Opening) -> object:
    """Return an announcement as the journal has it."""
    made = record.document(
        told, now=given.event.at, seq=given.seq, anchor=opening.anchor
    )
    return msgspec.json.decode(msgspec.json.encode(made))
