from pathlib import Path

import pytest

from selfhealingd.config import ConfigError, load_config
from selfhealingd.config.diff import compare
from selfhealingd.config.settings import Llm
from selfhealingd.core.budget import Prices
from selfhealingd.core.diagnosis import RestartOnce
from selfhealingd.core.policy import Llm as AdviceMode
from selfhealingd.core.remedy import Run


def load(folder: Path, text: str) -> Llm:
    file = folder / "c.toml"
    file.write_text(text)
    return load_config(file, environ={}, uid=0).llm


def test_without_a_table_it_advises_where_there_are_keys(tmp_path: Path) -> None:
    """The defaults are the documented ones; the key file is beside the config."""
    assert Llm() == load(tmp_path, "# none")
    found = load(tmp_path, '[llm]\nkey_file = "keys"\ntimeout = "5s"\nmode = "off"')
    assert Llm(mode="off", timeout=5.0, key_file=tmp_path / "keys") == found


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('mode = "on"', "advise"),
        ('endpoint = "http://models.example"', "https"),
        ('endpoint = "models.example"', "URL"),
        ("calls_per_hour = 0", "1"),
        ("price_input = -1\nprice_output = 1", "from 0"),
        ("price_input = 1", "price_output as well"),
        ("price_output = 1", "price_input as well"),
        ("cost_per_day = 1", "set price_input and price_output"),
        ('api_key = "sk-ant-1"', "unknown key"),
    ],
)
def test_what_cannot_be_meant_is_a_mistake(
    tmp_path: Path, written: str, says: str
) -> None:
    """A key is never sent without TLS, but to this host; and none is in the config."""
    with pytest.raises(ConfigError, match=says) as caught:
        load(tmp_path, f"[llm]\n{written}")
    assert "sk-ant-1" not in str(caught.value)


def test_prices_are_of_no_currency(tmp_path: Path) -> None:
    """Both of them; 0 for a model of one's own."""
    found = load(
        tmp_path, "[llm]\nprice_input = 0\nprice_output = 2.5\ncost_per_day = 1"
    )
    assert Llm(prices=Prices(input=0.0, output=2.5), cost_per_day=1.0) == found


def test_a_slash_at_the_end_of_an_endpoint_means_nothing(tmp_path: Path) -> None:
    """And http is allowed on loopback."""
    found = load(tmp_path, '[llm]\nendpoint = "http://127.0.0.1:8080/"')
    assert "http://127.0.0.1:8080" == found.endpoint


ALLOWED = """
[llm]
mode = "act"
[runbook.prune]
command = "true"
[program.web]
command = "true"
[program.web.healing]
llm_actions = ["restart_once", "run prune"]
[program.db]
command = "true"
"""


def test_what_a_model_may_do_is_said_of_each_service(tmp_path: Path) -> None:
    """And of no other: nothing is allowed where nothing is said."""
    file = tmp_path / "c.toml"
    file.write_text(ALLOWED)
    policy = load_config(file, environ={}, uid=0).policy
    assert AdviceMode.ACT is policy.llm
    allowed = {n: p.healing.llm_actions for n, p in policy.programs.items()}
    assert {"web": (RestartOnce(), Run("prune")), "db": ()} == allowed


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("run prune", "run tidy", "there is no runbook"),
        ("restart_once", "restart_onec", "restart_once"),
        ("restart_once", "run ", "a model may be allowed"),
        ("restart_once", "rm -rf /", "a model may be allowed"),
        ("[program.web.healing]", "[healing]", "said of each by itself"),
    ],
)
def test_nothing_outside_the_catalogue_can_be_allowed(
    tmp_path: Path, written: str, instead: str, says: str
) -> None:
    """Nor all services at once, of which there may be more tomorrow."""
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, ALLOWED.replace(written, instead))


def test_a_reload_tells_that_it_changed(tmp_path: Path) -> None:
    """It is in force at once: nothing has to be restarted."""
    file = tmp_path / "c.toml"
    file.write_text("# none")
    before = load_config(file, environ={}, uid=0)
    file.write_text('[llm]\nmode = "off"')
    changes = compare(before, load_config(file, environ={}, uid=0))
    assert changes.llm_changed
    assert not changes.daemon_keys
