"""``--check``, and starts with a config that has mistakes."""

import re

import pytest
from harness import House, sh, well

pytestmark = pytest.mark.process


async def test_all_mistakes_come_at_once_each_with_its_place(house: House) -> None:
    """Every line has file and key; a misspelt key has the likely one; status 2."""
    house.write({"web": well()})
    with house.config.open("a") as config:
        config.write("""
[program.api]
comand = "sleep 1"
startsecs = "soon"
stopsignal = "KILLER"
autorestart = "sometimes"

[program.db]
command = ""

[tasks.prune]
command = "true"
evry = "1h"

[nonsense]
x = 1
""")
    checked = await house.check()
    assert 2 == checked.status
    *mistakes, last = checked.err.splitlines()
    for key, words in {
        "program.api.comand": "command",
        "program.api.startsecs": "",
        "program.api.stopsignal": "",
        "program.api.autorestart": "unexpected",
        "program.db.command": "",
        "tasks.prune.evry": "every",
        "nonsense": "",
    }.items():
        [line] = [m for m in mistakes if m.startswith(f"{house.config}: {key}: ")]
        assert words in line
    assert all(m.startswith((f"{house.config}: ", " ")) for m in mistakes)
    number = sum(m.startswith(f"{house.config}: ") for m in mistakes)
    assert f"selfhealingd: {number} mistakes in the config" == last


async def test_a_config_that_is_not_there(house: House) -> None:
    """It has no mistake, and what to do is another thing."""
    checked = await house.check()
    assert 2 == checked.status
    assert "mistake" not in checked.err
    assert "there is no config; write one, or name it" in checked.err


async def test_a_good_config_is_told_so(house: House) -> None:
    """Status 0, and what is in it; nothing is started and no folder made."""
    touching = sh("touch started", directory=".")
    tick = {"command": "true", "every": 5}
    house.write({"web": touching}, tasks={"tick": tick})
    checked = await house.check()
    assert (0, "") == (checked.status, checked.err)
    assert f"{house.config}: no mistakes; 1 program, 1 task\n" == checked.out
    assert [house.config] == list(house.root.iterdir())


async def test_what_may_be_no_mistake_is_a_warning(house: House) -> None:
    """Secrets, as a config is checked on other hosts too; and logs that are shared."""
    (house.root / "token").write_text("x" * 64)
    (house.root / "token").chmod(0o644)
    (house.root / "key.pem").touch()
    web = {"certfile": "none.pem", "keyfile": "key.pem", "token_file": "token"}
    shared = {"stdout_logfile": "both", "liveness": {"log": "x"}}
    house.write(
        {"web": well(**shared), "api": well(**shared)},
        web=web | {"token_to_read": True},
        llm={"key_file": "none"},
    )
    checked = await house.check()
    assert 0 == checked.status
    assert checked.out.endswith("2 programs, 0 tasks; 4 warnings\n")
    log, key, token, certificate = checked.err.splitlines()
    assert "program.web.liveness.log, program.api.liveness.log: web, api all" in log
    assert f"{house.config}: llm.key_file: {house.root}/none: no such file" in key
    assert "web.token_file: whoever looks needs a token, and there is none: " in token
    assert f"(mode 0644): chmod 600 {house.root}/token; make one: rm -f " in token
    assert f"web.certfile: {house.root}/none.pem: no such file" in certificate


async def test_the_flag_file_is_checked_as_well(house: House) -> None:
    """So that a reload whose flags are not taken is seen to fail."""
    house.write({"web": well()})
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=fals\nFEATURE=1\n")
    checked = await house.check()
    assert (2, "") == (checked.status, checked.out)
    first, _, last = checked.err.splitlines()
    assert first.startswith(f"{house.flags}:1: FEATURE_AUTO_HEALING_ENABLED: ")
    assert "selfhealingd: 2 mistakes in the flag file" == last
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    assert 0 == (await house.check()).status


@pytest.mark.parametrize(
    "text",
    [
        "[program.web\ncommand = 1",
        "[program.web]\ncommand = 'touch started'\nfoo = 1",
        "\xff\xfe",
    ],
    ids=["syntax", "key", "bytes"],
)
async def test_a_broken_config_starts_nothing(house: House, text: str) -> None:
    """Status 2, and neither state nor program nor socket came to be."""
    house.config.write_bytes(text.encode("latin-1"))
    await house.spawn()
    assert 2 == await house.wait()
    assert re.search(r"[1-9] mistakes? in the config; nothing started", house.log())
    assert str(house.config) in house.log()
    assert {house.config, house.output} == set(house.root.iterdir())


async def test_a_missing_config_is_named(house: House) -> None:
    """The file that isn't there is a mistake as any other."""
    await house.spawn()
    assert 2 == await house.wait()
    assert str(house.config) in house.log()
