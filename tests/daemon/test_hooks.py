"""A real daemon tells of what happens, and of hooks that don't work."""

import json

import pytest
import trio
from harness import DEADLINE, Document, House, sh, soon, well
from servers import served, takes_mail

pytestmark = pytest.mark.process


def told(house: House) -> list[Document]:
    file = house.root / "told"
    return (
        [json.loads(line) for line in file.read_text().splitlines()]
        if file.exists()
        else []
    )


def tell(house: House, **keys: object) -> Document:
    return {"command": ["sh", "-c", f"cat >> {house.root}/told"], **keys}


async def test_an_incident_is_told_from_begin_to_end(house: House) -> None:
    """A command hears of the crash and of the healing, of its services alone."""
    on = {
        "incident-opened": tell(house, services=["crashy"]),
        "incident-ended": tell(house, services=["crashy"]),
    }
    house.write({"crashy": sh("sleep 0.3; exit 7"), "other": well()}, on=on)
    await house.start()
    await soon(lambda: told(house))
    first = told(house)[0]
    assert ("incident.opened", "crashy") == (first["kind"], first["service"])
    assert "crashy" == first["data"]["incident"]["service"]
    assert 0 == await house.stop()


async def test_the_last_event_is_told_at_the_end(house: House) -> None:
    """What happens while the daemon ends is told before it has ended."""
    on = {"service-transition": tell(house)}
    house.write({"web": well()}, on=on)
    await house.start()
    await house.running("web")
    assert 0 == await house.stop()
    assert "STOPPED" == told(house)[-1]["data"]["after"]


async def test_a_hook_that_hangs_is_in_nobodys_way(house: House) -> None:
    """Healing goes on, status tells of it once its time is up, a reload mends it."""
    hang = {"command": ["sleep", "600"], "timeout": 0.5}
    house.write({"web": well()}, on={"operator-acted": hang})
    await house.start()
    before = (await house.running("web"))["web"]
    await house.ctl("restart", "web", "--reason", "test")
    assert before != (await house.running("web"))["web"]

    def fails(status: Document) -> bool:
        return any("hook operator-acted fails" in issue for issue in status["issues"])

    status = await house.until_status(fails)
    place = next(n for n, one in enumerate(status["issues"]) if "hook" in one)
    do = "mend it, then: selfhealctl hooks test operator-acted"
    assert do == status["recommendations"][place]
    house.write({"web": well()}, on={"operator-acted": tell(house)})
    report = await house.call("reload")
    assert "hook: operator-acted" in report["applied"]
    with trio.fail_after(DEADLINE):
        assert not fails(await house.call("status"))
    await house.ctl("restart", "web", "--reason", "again")
    await soon(lambda: any(event["data"]["reason"] == "again" for event in told(house)))


async def test_people_are_told_and_the_secret_is_not(house: House) -> None:
    """A crash is a mail; a test says what is wrong, and no URL leaves the daemon."""
    mails: list[str] = []
    async with served(takes_mail(mails)) as port:
        url = f"mailto://127.0.0.1:{port}?from=a@example.com&to=planted11@example.com"
        on = {
            "any": {"notify": url, "level": "warning"},
            "flags-changed": {"notify": ["planted://planted222@planted333"]},
        }
        house.write({"crashy": sh("sleep 0.3; exit 7")}, on=on)
        await house.start()
        await soon(lambda: mails)
        assert ": crashy: crashed: exited with status 7" in mails[0].replace("\n ", " ")
        assert "\nsee: selfhealctl show crashy" in mails[0]

        before = len(mails)
        tried = await house.ctl("hooks", "test", "any")
        assert (0, True) == (tried.status, "told: mailto" in tried.out)
        assert any("nothing is wrong" in mail for mail in mails[before:])
        tried = await house.ctl("hooks", "test", "flags-changed")
        assert (1, True) == (tried.status, "not a URL that apprise takes" in tried.out)
        shown = await house.ctl("hooks")
        assert "not a URL that apprise takes" in shown.out
        assert 2 == (await house.ctl("hooks", "test")).status
        status = await house.call("status")
        assert any("hook flags-changed fails" in issue for issue in status["issues"])
        assert 0 == await house.stop()
    written = [
        path.read_bytes()
        for path in house.root.rglob("*")
        if path.is_file() and path.suffix != ".toml"
    ]
    for told in (*written, shown.out.encode(), tried.out.encode()):
        assert b"planted222" not in told
        assert b"planted333" not in told
        assert b"planted11" not in told
    assert "planted22" not in json.dumps(status)
