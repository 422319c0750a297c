"""A model is scored by real calls; here they go to a script on loopback."""

import json
import re
import sys
from pathlib import Path

import pytest
from harness import Ran, execute
from hypothesis import given
from hypothesis import strategies as st
from incidents import score as command
from incidents.labelled import labelled
from incidents.scoring import wilson
from scripted_model import GOOD, Endpoint, endpoint, http, message

ALL = {one.name: one for one in labelled()}


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion",
        # Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_an_interval_is_what_was_published(
    hits: int, of: int, low: float, high: float
) -> None:
    """To the four places that are printed there."""
    assert (low, high) == tuple(round(end, 4) for end in wilson(hits, of))


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_the_share(hits: int, more: int) -> None:
    """It is never beyond 0 and 1; of nothing, anything may be true."""
    low, high = wilson(hits, hits + more)
    assert 0 <= low <= high <= 1
    if hits + more:
        assert low - 1e-9 <= hits / (hits + more) <= high + 1e-9
    else:
        assert (0, 1) == (low, high)


def test_rules_are_scored_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked unless somebody says so."""
    assert 0 == command.main([])
    told = capsys.readouterr().out
    assert f"{len(ALL)} incidents" in told
    assert "forbidden actions" in told


async def scored(model: Endpoint, folder: Path, *more: str) -> Ran:
    """Score the three incidents about leaks, as anybody would."""
    return await execute(
        *(sys.executable, command.__file__, "--live", "--only", "leak_"),
        *("--endpoint", model.url, "--price-input", "1000", "--price-output", "5000"),
        *more,
        environ={"ANTHROPIC_API_KEY": "a-key"},
        cwd=folder,
    )


@pytest.mark.process
async def test_a_model_is_scored_beside_the_rules(tmp_path: Path) -> None:
    """An answer that can't be used is wrong; each that came is paid for."""
    leak = {**GOOD, "cause": "leak"}
    async with endpoint(message({**leak, "action": "restart_once"})) as model:
        model.answers = [
            http(529, "{}", retry_after="0"),
            message({**GOOD, "lines": [100_000]}),
            message({**leak, "action": "hold"}),  # which does harm
        ]
        ran = await scored(model, tmp_path, "--json", "all.json")
        assert (0, 4) == (ran.status, len(model.bodies))
        assert "a-key" in model.heads[0]
    rows = {line.split("  ")[0]: line.split("  ")[1:] for line in ran.out.splitlines()}
    rows = {}
    for line in ran.out.splitlines():
        name, *cells = re.split(r"\s{2,}", line)
        rows[name] = cells
    assert "2/3 = 67% [21%, 94%]" == rows["cause named (top 1)"][1]
    assert ["0", "1"] == rows["forbidden actions"]
    assert ["0", "1"] == rows["without an answer"]
    assert ["-", "300 in, 60 out"] == rows["tokens"]
    assert ["-", "0.6"] == rows["cost"]
    assert "it cites lines that were not sent (wrong)" in ran.out
    [_, judged] = json.loads((tmp_path / "all.json").read_text())
    assert [False, True, True] == [one["right"] for one in judged["judged"]]
    assert [False, True, True] == [one["grounded"] for one in judged["judged"]]
    assert [False, False, True] == [one["accepted"] for one in judged["judged"]]
    assert all(one["seconds"] > 0 for one in judged["judged"])


@pytest.mark.process
@pytest.mark.parametrize(
    ("status", "says"), [(401, "refused the key (401)"), (404, "does not take model")]
)
async def test_what_cannot_be_scored_is_not(
    tmp_path: Path, status: int, says: str
) -> None:
    """No figure is made up of calls that nobody answers; and one of them is enough."""
    async with endpoint(http(status, "{}")) as model:
        ran = await scored(model, tmp_path)
        assert (1, 1) == (ran.status, len(model.bodies))
    assert says in ran.err
    assert "" == ran.out
