"""Makes docs/images/page.png: the status page while the demo is being healed.

Run it as ``python docs/pagepicture.py``, where the package is installed, and Debian's
chromium and chromium-driver.
"""

import socket
import tempfile
from pathlib import Path

from picture import TOP, demo
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

PICTURE = TOP / "docs" / "images" / "page.png"
WIDTH, HEIGHT = 1280, 800
PATIENCE_SECS = 60

FLAGS = (
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
"""A browser that nobody sees, and that looks for nothing on the network by itself."""


def draw(url: str, profile: str) -> None:
    """Save what a browser shows."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    with Chrome(options, Service("/usr/bin/chromedriver")) as chrome:
        size = {"width": WIDTH, "height": HEIGHT}
        chrome.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {**size, "deviceScaleFactor": 1, "mobile": False},
        )
        chrome.get(url)
        live = "return document.documentElement.dataset.link === 'live'"
        WebDriverWait(chrome, PATIENCE_SECS).until(
            lambda it: it.execute_script(f"{live} && !!document.querySelector('.line')")
        )
        chrome.save_screenshot(PICTURE)


def main() -> None:
    """Draw it."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    web = f'[web]\nlisten = "127.0.0.1:{port}"\n\n'
    with (
        tempfile.TemporaryDirectory(prefix="sh-") as folder,
        tempfile.TemporaryDirectory(prefix="chromium-") as profile,
        demo(Path(folder).resolve(), web),
    ):
        draw(f"http://127.0.0.1:{port}/", profile)


if __name__ == "__main__":
    main()
