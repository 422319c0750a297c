"""Every form of a rule, and every mistake with its column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.rules.grammar import (
    LONGEST_SECS,
    MOST_SAMPLES,
    check_clear,
    parse,
)
from selfhealingd.core.rules.measures import KINDS, Of, Scope
from selfhealingd.core.rules.rule import (
    Clause,
    Counted,
    Lasting,
    Measure,
    Op,
    Samples,
    Threshold,
    Window,
)
from selfhealingd.core.rules.tokens import RuleError
from selfhealingd.core.rules.units import LARGEST
from selfhealingd.core.sample import Unit

SERVICE, HOST = Scope.SERVICE, Scope.HOST
MIB = 1024**2


def clause(
    name: str,
    op: str,
    threshold: Threshold,
    window: Window | None = None,
    *,
    place: str = "",
) -> Clause:
    return Clause(Measure(name, place), Op(op), threshold, window or Samples())


@pytest.mark.parametrize(
    ("scope", "text", "meant"),
    [
        (
            SERVICE,
            "memory > 500MiB for 3 of 5 samples",
            clause("memory", ">", Threshold(500 * MIB, Unit.BYTES), Samples(3, 5)),
        ),
        (
            SERVICE,
            "cpu > 90% for 60s",
            clause("cpu", ">", Threshold(90, Unit.PERCENT), Lasting(60)),
        ),
        (
            SERVICE,
            "fds > 80% of limit",
            clause("fds", ">", Threshold(80, Unit.PERCENT, Of.LIMIT)),
        ),
        (
            SERVICE,
            "restarts > 5 in 10min",
            clause("restarts", ">", Threshold(5, Unit.COUNT), Counted(600)),
        ),
        (
            SERVICE,
            "cpu >= 50% of limit for 3 samples",
            clause("cpu", ">=", Threshold(50, Unit.PERCENT, Of.LIMIT), Samples(3, 3)),
        ),
        (
            SERVICE,
            "  Total  Memory<=1.5 GB  FOR 1 Sample ",
            clause("total memory", "<=", Threshold(1.5e9, Unit.BYTES)),
        ),
        (
            SERVICE,
            "uptime > 7d",
            clause("uptime", ">", Threshold(7 * 86400, Unit.SECONDS)),
        ),
        (
            SERVICE,
            "writes > 2.5MB/s for 90 m",
            clause(
                "writes", ">", Threshold(2.5e6, Unit.BYTES_PER_SECOND), Lasting(5400)
            ),
        ),
        (SERVICE, "zombies > 5", clause("zombies", ">", Threshold(5, Unit.COUNT))),
        (
            HOST,
            "disk /var > 90%",
            clause("disk", ">", Threshold(90, Unit.PERCENT), place="/var"),
        ),
        (
            HOST,
            'free disk "/my disk" < 5GiB for 500ms',
            clause(
                "free disk",
                "<",
                Threshold(5 * 1024 * MIB, Unit.BYTES),
                Lasting(0.5),
                place="/my disk",
            ),
        ),
        (
            HOST,
            "load5 > 2 per core",
            clause("load5", ">", Threshold(2, Unit.PLAIN, Of.CORE)),
        ),
        (HOST, "load > 8.5", clause("load", ">", Threshold(8.5, Unit.PLAIN))),
        (
            HOST,
            "full memory pressure > 10% for 30s",
            clause(
                "full memory pressure", ">", Threshold(10, Unit.PERCENT), Lasting(30)
            ),
        ),
        (
            HOST,
            "free memory < 500MiB",
            clause("free memory", "<", Threshold(500 * MIB, Unit.BYTES)),
        ),
    ],
)
def test_a_rule_means_what_it_says(scope: Scope, text: str, meant: Clause) -> None:
    """Each form, with spaces and capitals as people type them."""
    assert meant == parse(text, scope)
    assert meant == parse(str(meant), scope)


MEASURES = "expected what is measured"
COMPARE = "expected one of > >= < <="


@pytest.mark.parametrize(
    ("scope", "text", "column", "words"),
    [
        (SERVICE, "", 1, f"{MEASURES}, got the end; one of cpu, memory"),
        (SERVICE, "   ", 1, f"{MEASURES}, got the end"),
        (SERVICE, "> 5", 1, f'{MEASURES}, got ">"'),
        (SERVICE, "mem > 5MiB", 1, '"mem" is not measured; did you mean "memory"?'),
        (SERVICE, "  disc > 5", 3, '"disc" is not measured'),
        (SERVICE, "disk /var > 90%", 1, "measured of the host: write the rule in"),
        (HOST, "restarts > 5 in 1h", 1, "of a service: write the rule in a program"),
        (SERVICE, "memory", 8, f"{COMPARE}, got the end"),
        (SERVICE, "memory is 5MiB", 1, '"memory is" is not measured; did you mean'),
        (SERVICE, "memory = 5MiB", 8, 'got "="; a measured value is hardly ever'),
        (SERVICE, "memory != 5MiB", 8, 'got "!="'),
        (SERVICE, "memory 5MiB", 8, f'{COMPARE}, got "5"'),
        (SERVICE, "memory /x > 5MiB", 8, "memory has no path"),
        (SERVICE, "memory > ", 10, "expected a value such as 500MiB, got the end"),
        (SERVICE, "memory > lots", 10, 'such as 500MiB, got "lots"'),
        (SERVICE, "memory > -5MiB", 10, "no value is below 0"),
        (SERVICE, "memory > 500", 14, "500 of what?; memory is compared with a value"),
        (SERVICE, "memory > 500 for 5s", 14, "500 of what?"),
        (SERVICE, "memory > 500Mi", 13, 'no unit "Mi"; did you mean "MiB"?'),
        (SERVICE, "memory > 500 furlongs", 14, 'no unit "furlongs"; memory is'),
        (SERVICE, "memory > 5 %", 14, "5% of what?; write 5% of limit"),
        (SERVICE, "memory > 5% of fds", 16, 'expected "limit", got "fds"'),
        (SERVICE, "memory > 5% of", 16, 'expected "limit", got the end'),
        (SERVICE, "cpu > 90MiB", 9, 'cpu is not in "MiB"; cpu is compared with'),
        (SERVICE, "cpu > 90", 10, "90 of what?; cpu is compared with a value such as"),
        (SERVICE, "pss > 5% of limit", 8, 'pss is not in "%"'),
        (SERVICE, "fds > 1.5", 7, "expected a whole number"),
        (SERVICE, "fds > 99999999999999999999", 7, "too large a number"),
        (SERVICE, "fds > 5 per core", 9, "fds is not measured per anything"),
        (HOST, "load > 5 per", 14, 'expected "core", got the end'),
        (HOST, "load > 5 per cpu", 14, 'expected "core", got "cpu"'),
        (HOST, "disk > 90%", 6, 'expected the path of a disk, got ">"; such as disk'),
        (HOST, "disk var > 90%", 1, '"disk var" is not measured'),
        (HOST, 'disk "var" > 90%', 6, "expected the path of a disk"),
        (HOST, 'disk "/var > 90%', 6, 'a closing " is missing'),
        (SERVICE, "cpu > 90% for", 15, 'expected "3 samples", "3 of 5 samples" or'),
        (SERVICE, "cpu > 90% for 3", 17, "how long?; write a unit"),
        (SERVICE, "cpu > 90% for 3 sampels", 17, 'did you mean "samples"?'),
        (SERVICE, "cpu > 90% for 3 weeks", 17, 'no duration in "weeks"; write a unit'),
        (SERVICE, "cpu > 90% for 0s", 15, "expected from 1ms to 30d"),
        (SERVICE, "cpu > 90% for 31d", 15, "expected from 1ms to 30d"),
        (SERVICE, "cpu > 90% for 0 samples", 15, "expected from 1 to 1000 samples"),
        (SERVICE, "cpu > 90% for 1001 samples", 15, "from 1 to 1000 samples"),
        (SERVICE, "cpu > 90% for 1.5 samples", 15, "from 1 to 1000 samples"),
        (SERVICE, "cpu > 90% for 3 of", 20, "expected of how many samples, got"),
        (SERVICE, "cpu > 90% for 3 of 5", 22, 'expected "samples", got the end'),
        (SERVICE, "cpu > 90% for 6 of 5 samples", 20, "6 of 5 can never be"),
        (SERVICE, "cpu > 90% in 60s", 11, 'only what is counted has a span; write "f'),
        (SERVICE, "restarts > 5", 14, "a span to count in, got the end; end with a s"),
        (SERVICE, "restarts > 5 for 60s", 14, 'a span to count in, got "for"'),
        (SERVICE, "restarts > 5 in", 17, "expected a duration such as 10min"),
        (SERVICE, "cpu > 90% and fds > 5", 11, "one comparison a rule: write several"),
        (SERVICE, "cpu > 90% for 5s now", 18, 'expected the end, got "now"'),
        (SERVICE, "cpu > 90%; fds > 5", 10, '";" has no place in a rule'),
        (SERVICE, "cpu · 90%", 5, '"·" has no place in a rule'),
    ],
)
def test_a_mistake_is_told_with_its_column(
    scope: Scope, text: str, column: int, words: str
) -> None:
    """Who mistypes is shown where, and what would be right."""
    with pytest.raises(RuleError) as caught:
        parse(text, scope)
    assert column == caught.value.column
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("when", "clear", "words"),
    [
        ("memory > 5MiB", "fds < 5", 'has to be about "memory"'),
        ("memory > 5MiB", "memory < 50% of limit", "has to be of the kind of 5MiB"),
        ("memory > 5MiB", "memory > 2MiB", 'look the other way than ">" does'),
        ("memory > 5MiB", "memory < 6MiB", 'holds for values at which "memory > 5'),
        ("memory >= 5MiB", "memory <= 5MiB", "holds for values at which"),
        ("uptime < 5s", "uptime > 4s", "holds for values at which"),
        ("restarts > 5 in 1h", "restarts < 2 in 1h", "clears by itself"),
    ],
)
def test_what_clears_a_rule_is_the_way_back(when: str, clear: str, words: str) -> None:
    """Nothing is both a symptom and its end."""
    with pytest.raises(RuleError, match="column 1: ") as caught:
        check_clear(parse(when, SERVICE), parse(clear, SERVICE))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("when", "clear"),
    [
        ("memory > 5MiB for 3 samples", "memory < 4MiB for 5 samples"),
        ("memory > 5MiB", "memory <= 5MiB for 1min"),
        ("memory >= 5MiB", "memory < 5MiB"),
        ("uptime < 5s", "uptime >= 5s"),
        ("cpu > 80% of limit", "cpu < 70% of limit"),
    ],
)
def test_a_clear_that_is_one_is_taken(when: str, clear: str) -> None:
    """Values between the two thresholds may change nothing, or there are none."""
    check_clear(parse(when, SERVICE), parse(clear, SERVICE))


PLACES = st.text("abc/ äö<>%-_", max_size=9).map(lambda text: f"/{text}")
MILLIS = st.integers(1, round(LONGEST_SECS * 1000)).map(lambda ms: ms / 1000)


@st.composite
def clauses(draw: st.DrawFn, scope: Scope) -> Clause:
    name = draw(st.sampled_from(sorted(KINDS[scope])))
    kind = KINDS[scope][name]
    place = draw(PLACES) if kind.place else ""
    shares = [(Unit.PERCENT, Of.LIMIT)] if kind.limit else []
    cores = [(unit, Of.CORE) for unit in kind.units if kind.per_core]
    plain = [(unit, Of.ITSELF) for unit in kind.units]
    unit, of = draw(st.sampled_from([*plain, *shares, *cores]))
    value = float(draw(st.integers(0, int(LARGEST))))
    if unit is Unit.SECONDS:
        value = draw(MILLIS)
    elif unit in {Unit.PERCENT, Unit.PLAIN}:
        value = draw(st.floats(0, LARGEST, allow_subnormal=False))
    windows = st.one_of(
        st.builds(Lasting, MILLIS),
        st.tuples(st.integers(1, MOST_SAMPLES), st.integers(1, MOST_SAMPLES)).map(
            lambda pair: Samples(min(pair), max(pair))
        ),
    )
    counted = st.builds(Counted, MILLIS)
    window = draw(counted if kind.metric is None else windows)
    op = draw(st.sampled_from(Op))
    return Clause(Measure(name, place), op, Threshold(value, unit, of), window)


@given(scope=st.sampled_from(Scope), data=st.data())
def test_a_rule_is_read_as_it_is_told(scope: Scope, data: st.DataObject) -> None:
    """Its words in status and journal could be put back into the config."""
    told = data.draw(clauses(scope))
    assert told == parse(str(told), scope)


@given(scope=st.sampled_from(Scope), text=st.text(max_size=40))
def test_any_other_text_is_a_mistake_at_a_column_in_it(scope: Scope, text: str) -> None:
    """Nothing else is ever raised, and the caret is under the text or just after."""
    with pytest.raises(RuleError) as caught:
        parse(text, scope)
    assert 1 <= caught.value.column <= len(text.rstrip()) + 2
