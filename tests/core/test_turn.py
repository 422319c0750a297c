"""One step in the making."""

from selfhealingd.core.effects import FlagsSet, Spawn
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Running, Stopped
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.turn import Turn

WEB = Service(name="web", life=Stopped(0), wanted=True)
POLICY = Policy(programs={"web": Program(name="web")})
SPAWN = Spawn(service="web", run=1)


def test_what_is_put_is_seen_and_the_host_before_is_left_alone() -> None:
    """The new state, its deeds, and who was touched."""
    before = Host(services={"web": WEB})
    turn = Turn(POLICY, before, 5.0)
    up = Service(name="web", life=Running(5, 7), wanted=True)
    turn.put(up, [SPAWN])
    assert up == turn.service("web") == turn.host.services["web"]
    assert WEB == before.services["web"]
    assert ([SPAWN], ["web"]) == (turn.deeds, list(turn.touched))
    assert POLICY.programs["web"] == turn.program("web")


def test_what_changes_nothing_leaves_the_very_same_host() -> None:
    """So that nothing has to be written for it."""
    before = Host(services={"web": WEB})
    turn = Turn(POLICY, before, 5.0)
    turn.put(Service(name="web", life=Stopped(0), wanted=True))
    assert before is turn.host
    assert ["web"] == list(turn.touched)


def test_changes_add_up() -> None:
    """Each one sees the ones before, also when the host was replaced in between."""
    turn = Turn(POLICY, Host(services={"web": WEB}), 5.0)
    turn.put(Service(name="db", life=Stopped(0), wanted=True))
    turn.host = Host(services=turn.host.services, seed="there")
    turn.put(Service(name="mq", life=Stopped(0), wanted=True))
    assert (["web", "db", "mq"], "there") == (
        list(turn.host.services),
        turn.host.seed,
    )
    turn.drop("web")
    assert ["db", "mq"] == list(turn.host.services)
    assert "web" in turn.touched


def test_what_is_said_is_kept_in_order() -> None:
    """Announcements that no comparison finds."""
    turn = Turn(POLICY, Host(), 5.0)
    turn.say(FlagsSet(off=("auto_healing",)))
    turn.say(FlagsSet())
    assert [FlagsSet(off=("auto_healing",)), FlagsSet()] == turn.announcements
