"""What goes wrong with the web stays there; what the config says of it counts."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import tomli_w
import trio
from browser import STREAM, TOKEN, Browser, Streamed, free_port, make_token, served
from harness import House, soon, well

pytestmark = pytest.mark.process

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes certificates with openssl"
)


async def put(house: House, **web: object) -> None:
    """Change ``[web]``, or take it away where nothing is said, and reload."""
    settings = {key: one for key, one in house.settings.items() if key != "web"}
    house.settings = settings | ({"web": web} if web else {})
    house.config.write_text(tomli_w.dumps(house.settings))
    assert (await house.call("reload"))["ok"]


async def answers(browser: Browser) -> bool:
    """Whether anybody answers there."""
    try:
        return (await browser.get("/healthz")).status == 200
    except OSError:
        return False


async def test_it_is_as_the_config_has_it(house: House) -> None:
    """A port that is taken, a token that others can read, a reload, an upgrade."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        make_token(house.root / "token", 0o644)
        listen = f"127.0.0.1:{port}"
        house.write({"a": well()}, web={"listen": listen, "token_file": "token"})
        await house.start()
        await house.running("a")
        status = await house.until_status(lambda s: len(s["issues"]) == 2)
    [token, busy] = sorted(status["issues"])
    words = f"nothing is served at http://{listen}: address already in use"
    assert words in busy + token
    assert "others may use it (mode 0644): chmod 600" in busy + token
    assert any(f"ss -ltnp 'sport = :{port}'" in do for do in status["recommendations"])
    browser = Browser(port, TOKEN)
    told = await house.call("reload")  # or wait for it: that is 5 s
    assert (False, 1) == (told["ok"], len(told["errors"]))
    assert "others may use it" in told["errors"][0]
    assert await answers(browser)
    refused = await browser.post("/api/stop", {"names": ["a"]})
    assert (403, True) == (
        refused.status,
        "others may use it" in refused.error["message"],
    )
    make_token(house.root / "token")
    assert (await house.call("reload"))["ok"]
    await house.until_status(lambda s: s["issues"] == [])
    assert 202 == (await browser.post("/api/restart", {"names": ["a"]})).status
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(STREAM)
        events = Streamed(stream)
        assert "status" == (await events.next())[0]
        assert (await house.call("reload"))["ok"]  # which changes nothing about it
        while "reload" not in (await events.next())[1].get("words", ""):
            pass
        # A new token counts at once, on the same port; who was let in comes again.
        (house.root / "token").write_text(f"{TOKEN[::-1]}\n")
        assert (await house.call("reload"))["ok"]
        await events.end()
    assert 401 == (await browser.get("/healthz")).status
    browser = Browser(port, TOKEN[::-1])
    await whatever_is_wrong(house, browser)
    gone_on = await browser.post("/api/upgrade")
    assert (200, True) == (gone_on.status, "going on" in gone_on.json["words"])
    await house.logged("going on as the code that is installed now")
    await soon(lambda: answers(browser))
    assert [] == (await house.call("status"))["issues"]
    elsewhere = Browser(free_port())
    await put(house, listen=f"127.0.0.1:{elsewhere.port}")
    assert await answers(elsewhere)
    await soon(lambda: gone(browser))
    await put(house)
    await soon(lambda: gone(elsewhere))
    assert 0 == await house.stop()


async def whatever_is_wrong(house: House, browser: Browser) -> None:
    """What can't be put into force is told by the reload; what worked goes on."""
    listen = f"127.0.0.1:{browser.port}"
    good = {"listen": listen, "token_file": "token"}
    make_token(house.root / "open", 0o644)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for web, words in (
            ({"certfile": "none", "keyfile": "none"}, "none: no such file"),
            ({"listen": f"127.0.0.1:{port}"}, "address already in use"),
            ({"token_file": "open"}, "others may use it"),
            ({"token_file": "gone"}, "gone: no such file"),
            ({"token_file": "."}, "name a file"),
            (
                {"listen": f"0.0.0.0:{browser.port}", "insecure": True}
                | {"token_file": None},
                "[web] token_file is not set",
            ),
        ):
            changed = {key: one for key, one in {**good, **web}.items() if one}
            house.settings = house.settings | {"web": changed}
            house.config.write_text(tomli_w.dumps(house.settings))
            told = await house.call("reload")
            assert not told["ok"]
            assert "web" not in told["applied"]
            status = await house.call("status")
            said = (*told["errors"], *status["recommendations"])
            assert any(words in one for one in said), said
            assert any(told["errors"][0] in one for one in status["issues"])
            assert 202 == (await browser.post("/api/restart", {"names": ["a"]})).status
    house.settings = house.settings | {"web": good}
    await put(house, **good)
    # Its own listener is in the way of one that is reached by more.
    await put(house, **good, insecure=True)
    insecure = {"insecure": True, "listen": f"0.0.0.0:{browser.port}"}
    await put(house, **{**good, **insecure})
    assert await answers(browser)
    assert 401 == (await Browser(browser.port).get("/api/status")).status
    await put(house, **good)
    assert await answers(Browser(browser.port))
    assert [] == (await house.call("status"))["issues"]


async def gone(browser: Browser) -> bool:
    """Whether nobody answers there any more."""
    return not await answers(browser)


@pytest.fixture
def pair(house: House) -> Path:
    """A certificate of localhost, with its key beside it."""
    make = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        " -keyout key.pem -out cert.pem -subj /CN=localhost"
        " -addext subjectAltName=IP:127.0.0.1 -days 3"
    )
    subprocess.check_output(make.split(), cwd=house.root, stderr=subprocess.DEVNULL)
    return house.root / "cert.pem"


@needs_openssl
async def test_other_hosts_come_by_tls_with_the_token(house: House, pair: Path) -> None:
    """Strangers see an empty page, and nothing else; HTTP in the clear gets nowhere."""
    port = free_port()
    browser = await served(
        house, listen=f"0.0.0.0:{port}", certfile="cert.pem", keyfile="key.pem"
    )
    tls = ssl.create_default_context(cafile=str(pair))
    stranger = Browser(port, tls=tls)
    for path in ("/", "/healthz"):
        assert 200 == (await stranger.get(path)).status
    for path in ("/api/status", "/metrics", "/api/events", "/api/openapi.json", "/x"):
        assert 401 == (await stranger.get(path)).status
    operator = Browser(port, TOKEN, tls)
    assert "healthy" == (await operator.get("/api/status")).json["status"]
    with pytest.raises(OSError):  # noqa: PT011 - how it ends is up to the client
        await Browser(port, TOKEN).get("/healthz")
    assert browser.port != port
    assert 0 == await house.stop()


async def test_a_flood_holds_up_nobody_else(house: House) -> None:
    """Programs are healed, operators answered, and the end comes at once."""
    browser = await served(house)
    pid = (await house.running("a"))["a"]
    async with AsyncExitStack() as stack:
        for number in range(160):  # 128 are let in
            address = ("127.0.0.1", browser.port)
            stream = await stack.enter_async_context(
                await trio.open_tcp_stream(*address)
            )
            said = STREAM if number % 2 else b"POST /api/stop HTTP/1.1\r\nHost: x"
            await stream.send_all(said)
        os.kill(pid, signal.SIGKILL)
        healed = await house.until_status(
            lambda s: s["selfHealing"]["successfulHealings"] == 1
        )
        assert "healthy" == healed["status"]
        began = trio.current_time()
        assert 0 == await house.stop()
        print(f"stopped in {trio.current_time() - began:.3f} s")  # noqa: T201
    assert "a defect of ours" not in house.log()
