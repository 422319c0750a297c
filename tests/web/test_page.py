"""The status page in a real browser, shown by a real daemon: one of each for all."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
from browser import STREAM, free_port
from harness import House, hopeless, said, sh, well
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        "CI" not in os.environ and not (CHROMIUM.exists() and DRIVER.exists()),
        reason="needs Debian's chromium and chromium-driver",
    ),
]

DEADLINE = 30.0
TOKEN = "browser-" * 8
NIGHT = "rgb(19, 22, 25)"
SPEAKS = """echo '<b>bold</b>'; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"""
HOSTILE = "<img src=x onerror=document.title='taken'>"
# What a browser would do besides: look for updates, resolve names of its maker's.
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Page:
    """The page as somebody sees it who waits until it shows what they look for."""

    def __init__(self, chrome: Chrome, url: str) -> None:
        self.chrome = chrome
        self.url = url

    def load(self) -> None:
        """Open it."""
        self.chrome.get(self.url)
        self.until(lambda: self.shown("#link-words") == "live")

    def tidy(self) -> None:
        """Leave nothing that an earlier test opened, typed or made it remember."""
        script = """for (const it of document.querySelectorAll("dialog")) it.close();
            document.querySelector("#forget").click();
            document.querySelector("#toasts").replaceChildren();
            const filter = document.querySelector("#filter");
            filter.value = "";
            filter.dispatchEvent(new Event("input"));
            filter.blur();"""
        self.chrome.execute_script(script)
        self.screen(1280, 800, dark=False)
        self.console()

    def until(self, check: Callable[[], object], seconds: float = DEADLINE) -> None:
        """Wait until it is so."""
        waiting = WebDriverWait(self.chrome, seconds, poll_frequency=0.02)
        try:
            waiting.until(lambda _: check())
        except TimeoutException as error:
            text = f"{self.shown('body')}\n---\n{self.console()}"
            raise AssertionError(text) from error

    def until_told(self, selector: str, words: str, times: int) -> None:
        """Wait until words are so many times in something."""
        self.until(lambda: times == self.shown(selector).count(words))

    def one(self, selector: str) -> WebElement:
        """Return what a selector of CSS means."""
        return self.chrome.find_element(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> str:
        """Return the words in it, as they can be read on the screen."""
        # At once: what is looked for may be replaced between two questions.
        script = """const it = document.querySelector(arguments[0]);
            return it?.checkVisibility() ? it.innerText : "";"""
        words: str = self.chrome.execute_script(script, selector)
        return words

    def focused(self) -> str | None:
        """Return the id of what has the focus."""
        return self.chrome.switch_to.active_element.get_attribute("id")

    def console(self) -> list[dict[str, Any]]:
        """Return what the browser has complained of since it was last asked."""
        complaints: list[dict[str, Any]] = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return complaints

    def screen(self, width: int, height: int, *, dark: bool) -> None:
        """Be seen on another screen."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.chrome.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {**size, "mobile": width < 500}
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.chrome.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [scheme]}
        )

    def barriers(self) -> list[Any]:
        """Return what axe-core objects to, and where."""
        self.chrome.execute_script(
            (files("axe_core_python") / "axe.min.js").read_text()
        )
        script = """const done = arguments[0];
            const told = (one) => [one.id, one.nodes.map((node) => node.html)];
            axe.run().then((found) => done(found.violations.map(told)));"""
        found: list[Any] = self.chrome.execute_async_script(script)
        return found

    def call(self, module: str, function: str, *given: object) -> object:
        """Return what a function of one of the page's modules does."""
        script = """const [module, name, given, done] = arguments;
            import(`/static/${module}.js`).then((it) => done(it[name](...given)));"""
        found: object = self.chrome.execute_async_script(
            script, module, function, given
        )
        return found

    def confirm(self, reason: str, token: str | None) -> None:
        """Fill in the dialog that is open, and go on."""
        self.one("#deed-reason").send_keys(reason)
        if token is not None:
            self.one("#deed-token").send_keys(token)
        self.one("#deed-yes").click()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House()
    token = house.root / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    house.write(
        {
            "victim": well(),
            "calm": well(),
            "hopeless": hopeless(autostart=False),
            "speaker": sh(SPEAKS),
        },
        runbook={"mend": {"command": ["true"]}, "fail": {"command": ["false"]}},
        tasks={"chore": {"command": ["true"], "every": "1h"}},
        daemon={"sample_interval": 0.5},
        healing={"systemic_share": 0.0, "dormant_after": 2},
        web={"listen": f"127.0.0.1:{free_port()}", "token_file": "token"},
    )
    trio.run(house.start)
    try:
        trio.run(house.logged, "served at")
        yield house
    finally:
        trio.run(house.close)


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # By its path, so that selenium looks for no other one on the network.
    chrome = Chrome(options, Service(str(DRIVER)))
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture(scope="module")
def opened(chrome: Chrome, house: House) -> Page:
    page = Page(chrome, f"http://{house.settings['web']['listen']}/")
    page.screen(1280, 800, dark=False)
    trio.run(house.running, "calm")
    page.load()
    return page


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    yield opened
    opened.tidy()


def test_it_loads_without_a_complaint(page: Page) -> None:
    """All its parts come, its policy forbids none of them, and no script fails."""
    page.until(lambda: "4 services" in page.shown("#services-count"))
    page.until(lambda: page.shown("tbody[data-name=victim] .value"))
    page.until(lambda: "calm running, pid" in page.shown("#events"))
    assert "Healthy" in page.shown("#verdict")
    assert [] == page.console()
    script = "return performance.getEntriesByType('resource').map((one) => one.name)"
    asked = [name.rpartition("/")[2] for name in page.chrome.execute_script(script)]
    assert sorted(set(asked)) == sorted(asked)  # each for once


def test_a_crash_is_shown_within_a_second(page: Page, house: House) -> None:
    """A program that is killed is told of at once, not at the next look.

    The best of some times, as the machine may be busy with something else.
    """
    healed = said("healed", service="victim", kind="incident.ended")
    times: list[float] = []
    while min(times, default=9.0) > 1.0 and len(times) < 5:
        [pid] = trio.run(house.running, "victim").values()
        told = len(times) + 1
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        page.until_told("#events", "victim crashed", told)
        page.until_told("#incidents", "victim-", told)
        times.append(time.monotonic() - began)
        trio.run(house.until, *[healed] * told)
    assert min(times) < 1.0


def test_an_open_incident_stays_open_when_it_ends(page: Page, house: House) -> None:
    """Whoever reads it is not sent away, nor is its evidence that they asked for.

    A wrong token is said to be wrong, where it was asked for.
    """
    [pid] = trio.run(house.running, "victim").values()
    newest = "#incident-list details:first-child"
    before = page.shown(f"{newest} b")
    os.kill(pid, signal.SIGKILL)
    page.until(lambda: before != page.shown(f"{newest} b"))
    page.one(f"{newest} summary").click()
    page.until(lambda: page.shown(f"{newest} .examine"))
    page.one(f"{newest} .examine").click()
    page.one("#unlock-token").send_keys("wrong-" * 8, Keys.ENTER)
    page.until(lambda: "this is not the token" in page.shown("#unlock-error"))
    page.one("#unlock-token").send_keys(TOKEN, Keys.ENTER)  # it was marked as a whole
    page.until(lambda: "How it ended" in page.shown(f"{newest} .evidence"))
    page.until(lambda: "healed" in page.shown(f"{newest} .outcome"))
    assert "How it ended" in page.shown(f"{newest} .evidence")


def test_a_wrong_token_is_refused(page: Page, house: House) -> None:
    """Nothing is done, the dialog says why, and asks for another one."""
    [pid] = trio.run(house.running, "calm").values()
    page.one("tbody[data-name=calm] .stop").click()
    page.confirm("to see whether it is refused", "wrong-" * 8)
    page.until(lambda: "this is not the token" in page.shown("#deed-error"))
    assert page.one("#deed-token").is_displayed()
    assert page.one("#deed-token").get_attribute("value") == ""
    assert {"calm": pid} == trio.run(house.running, "calm")


def test_a_reason_is_required(page: Page, house: House) -> None:
    """Without one the dialog stays, and nothing is done."""
    [pid] = trio.run(house.running, "calm").values()
    page.one("tbody[data-name=calm] .restart").click()
    page.confirm("", TOKEN)
    page.confirm("  ", None)
    assert "a reason is required" in page.shown("#deed-error")
    page.one("#deed-reason").send_keys("a")
    assert "" == page.shown("#deed-error")
    assert page.one("#deed").is_displayed()
    page.chrome.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not page.one("#deed").is_displayed()
    label = page.chrome.switch_to.active_element.get_attribute("aria-label")
    assert "Restart calm" == label  # where they were before
    assert {"calm": pid} == trio.run(house.running, "calm")


def test_a_restart_by_its_button(page: Page, house: House) -> None:
    """It says when it is done; the journal has the reason, and how they came."""
    [pid] = trio.run(house.running, "calm").values()
    page.one("tbody[data-name=calm] .restart").click()
    page.confirm("a new certificate", TOKEN)
    page.until(lambda: "Restart calm: done." in page.shown("#toasts"))
    assert {"calm": pid} != trio.run(house.running, "calm")
    told = [record for record in house.records() if "certificate" in str(record)]
    assert "web" in str(told[0])
    # The token is known by now.
    page.one("tbody[data-name=calm] .restart").click()
    assert not page.one("#deed-token").is_displayed()


def test_a_log_is_live(page: Page) -> None:
    """It takes the token, goes on as the program does, and markup in it stays words."""
    page.one("body").send_keys("/speaker")
    page.until(lambda: "1 shown" in page.shown("#services-count"))
    page.one("tbody[data-name=speaker] .name").send_keys("l")
    page.one("#unlock-token").send_keys("wrong-" * 8, Keys.ENTER)
    page.until(lambda: "this is not the token" in page.shown("#unlock-error"))
    page.one("#unlock-token").send_keys(TOKEN, Keys.ENTER)
    log = "tbody[data-name=speaker] .output"
    page.until(lambda: "<b>bold</b>" in page.shown(log))
    last = page.shown(log).splitlines()[-1]
    page.until(lambda: page.shown(log).splitlines()[-1] != last)
    page.one("tbody[data-name=speaker] .log button").click()
    assert "" == page.shown(log)
    page.one("tbody[data-name=speaker] .name").click()


def test_what_else_is_done_from_there(page: Page, house: House) -> None:
    """A runbook that is chosen, a task that is ended, all of them brought back."""
    page.one("tbody[data-name=calm] .name").click()
    page.until(lambda: page.shown("tbody[data-name=calm] .run"))
    page.one("tbody[data-name=calm] .run").click()
    page.one("#deed-choice").send_keys("fail")
    assert "selfhealctl run fail calm" == page.shown("#deed-command")
    page.confirm("to see it fail", TOKEN)
    page.until(lambda: "for calm: failed. calm: fail exited" in page.shown("#toasts"))
    page.one(".toast.bad button").click()
    page.one("tbody[data-name=calm] .name").click()
    page.one("#tasks .unregister").click()
    page.confirm("it is in the way", None)
    page.until(lambda: "chore" not in page.shown("#tasks"))
    page.one("#task-deeds .resume-all").click()
    page.confirm("out of the way", None)
    page.until(lambda: "chore" in page.shown("#tasks"))
    told = [record for record in house.records() if "in the way" in str(record)]
    assert "chore" in str(told)


def test_it_resumes_from_dormant_mode(page: Page, house: House) -> None:
    """The banner says why, and leads out of it; the reason is kept."""
    start = partial(house.call, "start", names=["hopeless"])
    trio.run(start)
    page.until(lambda: "Dormant" in page.shown("#dormant"))
    assert "Exceeded maximum consecutive failures (2)" in page.shown("#dormant")
    assert "Critical" in page.shown("#verdict")
    trio.run(partial(house.call, "stop", names=["hopeless"]))
    page.one("#resume").click()
    page.confirm("the disk has room again", TOKEN)
    page.until(lambda: "Resume healing: done." in page.shown("#toasts"))
    page.until(lambda: page.shown("#dormant") == "")
    status = trio.run(house.call, "status")
    assert not status["selfHealing"]["isDormant"]
    assert "the disk has room again" in str(status["circuitBreakers"])


def test_what_programs_say_stays_words(page: Page, house: House) -> None:
    """Markup that a program writes is shown as it is, and does nothing."""
    house.change(hostile=well(autorestart="never"))
    trio.run(house.call, "reload")
    trio.run(partial(house.call, "stop", names=["calm"], reason=HOSTILE))
    page.until(lambda: HOSTILE in page.shown("#events"))
    assert "taken" not in page.chrome.title
    assert page.chrome.find_elements(By.CSS_SELECTOR, "main img") == []
    trio.run(partial(house.call, "start", names=["calm"]))


def test_the_filter(page: Page) -> None:
    """It leaves what is looked for, by name or state; a key leads to it.

    Another empties it and stays there, and once more goes on to the services.
    """
    page.one("body").send_keys("/")
    page.chrome.switch_to.active_element.send_keys("vic running")
    page.until(lambda: "1 shown" in page.shown("#services-count"))
    assert "calm" not in page.shown("#services")
    page.chrome.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.until(lambda: "calm" in page.shown("#services"))
    assert "filter" == page.focused()
    page.chrome.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert "services" == page.focused()


def test_many_alike_are_one_row(page: Page, house: House) -> None:
    """Copies that are all well are told of together, until somebody opens that row."""
    house.change(copies=well(numprocs=9))
    trio.run(house.call, "reload")
    page.until(lambda: "9 copies_*" in page.shown("#table"))
    assert "copies_03" not in page.shown("#table")
    page.one(".folded .name").click()
    page.until(lambda: "copies_03" in page.shown("#table"))
    page.one(".folded .name").click()
    page.one(".folded .rolling").click()
    page.confirm("to be done one by one", TOKEN)
    page.until(lambda: "Restart copies one by one: done" in page.shown("#toasts"))
    page.one("#filter").send_keys("copies")
    page.until(lambda: "copies_08" in page.shown("#table"))
    house.change(copies=None)
    trio.run(house.call, "update")
    page.until(lambda: "copies" not in page.shown("#services"))


def test_keys_do_what_the_mouse_does(page: Page) -> None:
    """They lead to a service, open it, and change the colours; ``?`` tells of them."""
    page.one("body").send_keys("j")
    page.chrome.switch_to.active_element.send_keys(Keys.ENTER)
    page.until(lambda: "Breaker" in page.shown("#table .more"))
    page.chrome.switch_to.active_element.send_keys(Keys.ENTER)
    page.until(lambda: page.shown("#table .more") == "")
    page.one("body").send_keys("ttt?")
    assert "filter services" in page.shown("#keys")
    assert "keys-close" == page.focused()


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        ("duration", [59.9], "59s"),
        ("duration", [90_061], "1d 1h"),
        ("size", [1023], "1.0 KiB"),
        ("size", [64 * 2**20], "64.0 MiB"),
        ("size", [1000 * 2**20], "1.0 GiB"),
        ("percent", [99.96], "100 %"),
        (
            "counting",
            ["restart, attempt 3, in 3.6 s", "2001-01-01T00:00:00Z"],
            "restart, attempt 3, in 0 s",
        ),
        ("counting", ["nothing until tomorrow", None], "nothing until tomorrow"),
        (
            "steps",
            ["see why: selfhealctl show a; mend it; then: selfhealctl start a"],
            [
                {"words": "see why", "command": "selfhealctl show a"},
                {"words": "mend it", "command": ""},
                {"words": "then", "command": "selfhealctl start a"},
            ],
        ),
    ],
)
def test_words(page: Page, function: str, given: list[Any], expected: object) -> None:
    """Numbers, times and advice read as they do in ``selfhealctl``."""
    assert expected == page.call("words", function, *given)


@pytest.mark.parametrize(
    ("command", "verb", "name"),
    [
        ("selfhealctl restart a", "restart", "a"),
        ('selfhealctl reset program:a --force --reason "…"', "reset", "program:a"),
        ('selfhealctl resume --reason "…"', "resume", ""),
        ("selfhealctl update", "update", ""),
        ("selfhealctl update a", "update", "a"),
        ('selfhealctl llm approve 3f --reason "…"', "approve", "3f"),
        ("selfhealctl unregister t", "unregister", "t"),
    ],
)
def test_advice_is_done_by_a_button(
    page: Page, command: str, verb: str, name: str
) -> None:
    """A command of a recommendation is the deed that it names."""
    assert {"verb": verb, "name": name} == page.call("deeds", "deedOf", command)


@pytest.mark.parametrize(
    "command",
    [
        "selfhealctl restart a b",
        "selfhealctl restart",
        "selfhealctl unregister ID",
        "selfhealctl reload && selfhealctl update",
        "selfhealctl status | jq .llm.keyManagement",
        "selfhealctl constructor a",
        "echo selfhealctl stop a",
    ],
)
def test_what_is_no_deed_has_no_button(page: Page, command: str) -> None:
    """What names several, a placeholder or more than one command is left to hands."""
    assert page.call("deeds", "deedOf", command) is None


def test_long_words_are_cut(page: Page) -> None:
    """Of what nobody reads as a whole there is the beginning, and more on demand."""
    script = """const done = arguments[0];
        import("/static/brief.js").then(({ brief }) => {
          const it = brief("x".repeat(900_000));
          const before = it.textContent.length;
          it.querySelector("button").click();
          done([brief("short"), before < 500, it.textContent.length > 40_000]);
        });"""
    assert ["short", True, True] == page.chrome.execute_async_script(script)


def test_a_lost_connection_is_told(page: Page, house: House) -> None:
    """What is shown is said to be old, and nothing is done until the daemon is back."""
    trio.run(house.kill9)
    page.until(lambda: "Connection lost" in page.shown("#lost"))
    page.until(lambda: "Unknown" in page.shown("#verdict"))
    assert page.chrome.title.startswith("Unknown")
    icon = page.one("#favicon").get_attribute("href")
    assert icon is not None
    assert icon.startswith("data:")  # nothing can be fetched now
    ages = page.shown("#table")
    page.one("tbody[data-name=calm] .stop").click()
    assert not page.one("#deed").is_displayed()
    page.until(lambda: "2s old" in page.shown("#link-words"))
    assert ages == page.shown("#table")
    trio.run(house.start)
    page.until(lambda: page.shown("#link-words") == "live")
    assert "" == page.shown("#lost")
    assert "Unknown" not in page.chrome.title
    stop = page.one("tbody[data-name=calm] .stop")
    assert None is stop.get_attribute("aria-disabled")


def test_without_a_stream_it_asks(page: Page, house: House) -> None:
    """Where too many listen already it says so, and shows what there is anyway."""
    page.chrome.get("about:blank")
    address = ("127.0.0.1", urlsplit(page.url).port)
    with ExitStack() as listeners:
        full = False
        while not full:
            sock = listeners.enter_context(socket.create_connection(address, DEADLINE))
            sock.sendall(STREAM)
            full = b" 200 " not in sock.recv(100)
        page.chrome.get(page.url)
        page.until(lambda: "Not live" in page.shown("#lost"))
        page.until(lambda: "victim" in page.shown("#table"))
        trio.run(partial(house.call, "stop", names=["victim"]))
        page.until(lambda: "STOPPED" in page.shown("tbody[data-name=victim]"))
    page.one("#again").click()
    page.until(lambda: page.shown("#link-words") == "live")


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [("light", 1280, False), ("dark", 1280, True), ("phone", 390, False)],
)
def test_screens(
    page: Page, tmp_path: Path, name: str, width: int, *, dark: bool
) -> None:
    """It follows the system's colours, and nothing is wider than the screen.

    axe-core finds nothing that keeps anybody out: contrast, names, roles, order.
    """
    page.screen(width, 844, dark=dark)
    page.one("#incident-list summary").click()
    page.until(lambda: page.shown("#incident-list .lines"))
    squeezed = """return [...document.querySelectorAll(".lines li, summary")]
        .filter((it) => it.checkVisibility() && it.lastElementChild.offsetHeight > 300)
        .map((it) => it.innerText)"""
    assert [] == page.chrome.execute_script(squeezed)
    page.one("#incident-list summary").click()
    ground = "return getComputedStyle(document.body).backgroundColor"
    page.until(lambda: (page.chrome.execute_script(ground) == NIGHT) == dark)
    wider = (
        "const it = document.documentElement; return it.scrollWidth - it.clientWidth"
    )
    assert 0 == page.chrome.execute_script(wider)
    assert page.chrome.save_screenshot(tmp_path / f"{name}.png")
    assert [] == page.barriers()
