"""The state that decisions are made on."""

import msgspec
from msgspec.structs import replace

from selfhealingd.core.breaker import Breaker, PermanentlyOpen
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Cause, Ending, Incident, begin
from selfhealingd.core.life import Running

WEB = Service(name="web", life=Running(0, 7), wanted=True)
OPENED = Incident(id="web-1", service="web", cause=Cause.EXIT, detail="", opened=0)
ATTEMPT = Attempt(
    number=1, remedy="restart", began=0, deadline=9, ticket=0, main_ticket=0
)


def test_dormant_is_the_engines_breaker_open_for_good() -> None:
    """One state, not two flags."""
    assert not Host().dormant
    assert Host(main=Breaker(state=PermanentlyOpen(10))).dormant


def test_an_incident_is_open_until_it_has_an_ending() -> None:
    """The latest stays known; the open one and its attempt are under way."""
    assert (None, None) == (WEB.open_incident, WEB.attempt)
    opened = replace(WEB, incident=begin(OPENED, ATTEMPT))
    assert opened.incident is opened.open_incident
    assert ATTEMPT == opened.attempt
    closed = replace(WEB, incident=replace(OPENED, ending=Ending.HEALED))
    assert closed.open_incident is None


def test_jitter_comes_from_the_seed() -> None:
    """The same for one host, another for another."""
    here, there = Host(seed="here"), Host(seed="there")
    assert here.jitter("web", 1) == here.jitter("web", 1) != there.jitter("web", 1)


def test_a_host_is_a_plain_value() -> None:
    """It reads back from JSON as what it was."""
    host = Host(services={"web": replace(WEB, incident=begin(OPENED, ATTEMPT))})
    assert host == msgspec.json.decode(msgspec.json.encode(host), type=Host)
