from hypothesis import given
from hypothesis import strategies as st
from topped import down, service, services

from selfhealctl.top.order import Sort, ordered, rank
from selfhealingd.wire.documents import ProbeDocument, ProgramDocument

SICK = ProbeDocument(name="liveness", asks="http", answer="failed", failing=True)


def names(*items: ProgramDocument, sort: Sort = Sort.WORST, words: str = "") -> str:
    return " ".join(one.name for one in ordered(items, sort=sort, words=words))


def test_the_worst_comes_first() -> None:
    """What waits for a person, then what fails, then what is on its way, then wells."""
    found = names(
        service("well"),
        down("off", "STOPPED", wanted=False),
        down("ended", "EXITED"),
        service("starting", state="STARTING"),
        down("again", "BACKOFF"),
        service("sick", probes=(SICK,)),
        down("hopeless", "FATAL"),
    )
    assert "hopeless sick again starting ended well off" == found


def test_each_way_to_sort() -> None:
    """By what is dear, by what is new, by name as people count."""
    a = service("w-10", cpu=5.0, memory=3, since="2026-01-01T10:00:00Z")
    b = service("w-9", cpu=None, memory=9, since="2026-01-01T11:00:00Z")
    assert "w-10 w-9" == names(a, b, sort=Sort.CPU)
    assert "w-9 w-10" == names(a, b, sort=Sort.MEMORY)
    assert "w-9 w-10" == names(a, b, sort=Sort.YOUNGEST)
    assert "w-9 w-10" == names(a, b, sort=Sort.NAME)
    assert len(Sort) == len({Sort.CPU.following(), *_round()})


def _round() -> list[Sort]:
    found = [Sort.WORST]
    while len(found) < len(Sort):
        found.append(found[-1].following())
    return found


def test_words_are_looked_for_in_name_group_and_state() -> None:
    """All of them, in whatever case."""
    every = (service("web", group="front"), down("api", "FATAL", group="front"))
    assert "api web" == names(*every, words="FRONT")
    assert "api" == names(*every, words="front fatal")
    assert "" == names(*every, words="nothing")


@given(st.lists(services, max_size=8), st.sampled_from(Sort))
def test_nothing_is_lost_by_sorting(items: list[ProgramDocument], sort: Sort) -> None:
    """Whatever the daemon says."""
    found = ordered(items, sort=sort, words="")
    assert len(items) == len(found)
    assert all(one in items for one in found)
    if sort is Sort.WORST:
        assert sorted(map(rank, items)) == [*map(rank, found)]
