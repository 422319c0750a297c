"""What was recorded is decided again, and what differs is found."""

from datetime import timedelta

from core.replay.recorder import Recorder, retold
from core.simulator import BEGAN, NOON, crash

from selfhealingd.core.policy import Program

WEB, DB = Program(name="web"), Program(name="db")


def crashing() -> Recorder:
    """Two programs, one of which crashes three times."""
    sim = Recorder([WEB, DB], {"web": [crash(10), crash(0.1), crash(0.1)]})
    sim.begin()
    sim.run_for(100)
    return sim


def test_a_true_record_comes_again() -> None:
    """Nothing differs, and what happened is counted."""
    told = retold(crashing().lines)
    assert (0, [], 0) == (told.mismatches, told.shown, told.unread)
    web = told.account.services["web"]
    assert (4, 1, 3) == (web.starts, web.incidents, web.attempts)
    assert (2, 1, 1) == (web.failed, web.healings, web.healed)
    assert 30 < web.down < 40
    assert 1.0 == told.account.services["db"].down  # its start
    assert NOON == told.since


def test_a_changed_record_is_found() -> None:
    """An announcement that says something else, one too many, and one too few."""
    for spoil in ("change", "add", "drop"):
        lines = crashing().lines
        [place] = [n for n, one in enumerate(lines) if one["kind"] == "incident.opened"]
        match spoil:
            case "change":
                lines[place] = {**lines[place], "words": "all is well"}
            case "add":
                lines.insert(place, lines[place])
            case _:
                del lines[place]
        told = retold(lines)
        assert told.mismatches >= 1, spoil
        assert told.shown[0].at == told.pasts[0].anchor.rfc3339(BEGAN + 10)


def test_a_new_file_changes_nothing() -> None:
    """Its opening is where the daemon is, and each file can be read alone."""
    sim = Recorder([WEB], {"web": [crash(10), crash(0.1)]}).begin()
    sim.run_for(15)
    first = len(sim.lines)
    sim.turn_over()
    sim.run_for(100)
    whole, rest = retold(sim.lines), retold(sim.lines[first:])
    assert (0, 0) == (whole.mismatches, rest.mismatches)
    assert 1 == len(whole.pasts) == len(rest.pasts)
    assert whole.account.services["web"].starts == 3
    assert rest.account.services["web"].starts == 1


def test_a_first_record_may_be_older_than_what_its_file_begins_with() -> None:
    """Where decisions were quicker than the first write, none of them is doubted."""
    sim = Recorder([WEB], {"web": [crash(10), crash(0.1)]})
    sim.begin()
    sim.turn_over()
    opening = sim.lines.pop()
    assert opening["seq"] > 0
    sim.run_for(100)
    told, plain = retold([opening, *sim.lines]), retold(sim.lines)
    assert (0, []) == (told.mismatches, told.shown)
    assert 1 == len(told.pasts)
    assert (plain.events, plain.since) == (told.events, told.since)
    assert plain.account.services == told.account.services


def test_a_file_that_begins_with_another_state_is_told() -> None:
    """Somebody decided what is not recorded."""
    sim = Recorder([WEB]).begin()
    sim.run_for(15)
    sim.turn_over()
    sim.lines[-1]["host"]["seed"] = "another"
    sim.stop("web")
    assert 1 == retold(sim.lines).mismatches


def test_only_what_came_later_counts() -> None:
    """The earlier records lead to the state then."""
    sim = crashing()
    told = retold(sim.lines, NOON + timedelta(seconds=5))
    assert 3 == told.account.services["web"].starts
    assert told.since == NOON + timedelta(seconds=5)
    assert 0 == told.mismatches


def test_what_cannot_be_read_ends_what_is_known() -> None:
    """Nothing is decided on a state that may be wrong."""
    sim = crashing()
    sim.lines.insert(4, {"kind": "input", "seq": 3, "event": {"type": "Unheard"}})
    told = retold(sim.lines)
    assert told.unread > 1
    assert 0 == told.mismatches


def test_records_without_an_opening_are_not_counted() -> None:
    """There is no state to decide from."""
    told = retold(crashing().lines[1:])
    assert [] == told.pasts
    assert told.unread > 0


def test_a_time_in_which_nothing_happened_has_nothing_to_tell() -> None:
    """It is counted from then to now, and nothing else."""
    since, now = NOON + timedelta(seconds=200), NOON + timedelta(seconds=300)
    told = retold(crashing().lines, since, now)
    assert (since, now, 0) == (told.since, told.until, told.events)
    assert 0 == told.account.total.down
    assert [] == retold(crashing().lines, now, since).pasts
