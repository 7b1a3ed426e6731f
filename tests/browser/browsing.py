"""Chromium without a window, for tests of what a reader sees and clicks.

A test takes the fixture `visit` and opens a file, or HTML as text:

    def test_a_click_opens_the_panel(visit, tmp_path):
        page = visit(drawing.save(tmp_path / "graph.html"), dark=True, width=800)
        page.click("g.node")
        page.wait("document.querySelector('#panel').checkVisibility()")
        assert page.text("#panel h2") == "W1"
        assert page.css("body", "background-color") == "rgb(17, 22, 31)"

The test fails where a page wrote an error to the console, threw one, or asked the
network for anything; `page.trouble()` tells what, and forgets it. Selectors are CSS,
scripts are JavaScript, positions are CSS pixels from the upper left of the viewport.

Driven by Selenium with Debian's chromium and chromium-driver, which are of the same
version always and need no download beside the distribution's (`make test-browser`).
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import matplotlib.image
import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.options import ArgOptions
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LOCAL = ("file", "data", "blob", "about")
"""What a page may open: nothing of it leaves the machine."""


def _options(program: str) -> ArgOptions:
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",  # it is 64 MB in a container
        "--disable-background-networking",
        "--force-device-scale-factor=1",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ):
        options.add_argument(argument)
    if getattr(os, "geteuid", lambda: 1)() == 0:
        options.add_argument("--no-sandbox")  # Chromium has none for root
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    return options


class Browser:
    """A running Chromium; one is enough for all tests."""

    def __init__(self) -> None:
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        driver = shutil.which("chromedriver")
        if program is None or driver is None:
            pytest.fail("chromium and chromedriver are needed: run `make test-browser`")
        service = webdriver.ChromeService(driver)
        self.driver = webdriver.Chrome(_options(program), service)
        self.driver.set_page_load_timeout(20)
        self.driver.set_script_timeout(20)

    def close(self) -> None:
        self.driver.quit()


class Page:
    """What a tab of the browser shows."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.driver = browser.driver
        self.folder = folder

    def open(
        self,
        what: Path | str,
        *,
        dark: bool = False,
        width: int = 1400,
        height: int = 900,
    ) -> Page:
        """Open a file, or a text as a file of its own.

        Args:
            what: The path of a file, or the text of an HTML page.
            dark: Whether the viewer's setting is dark, as pages are told of it.
            width: Of the viewport.
            height: Of the viewport.
        """
        if isinstance(what, str):
            path = self.folder / f"page{len(list(self.folder.iterdir()))}.html"
            path.write_text(what)
            what = path
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.prefer(dark=dark)
        self.driver.get(what.resolve().as_uri())
        return self

    def prefer(self, *, dark: bool) -> None:
        """Change the viewer's setting while the page is open."""
        value = "dark" if dark else "light"
        feature = {"name": "prefers-color-scheme", "value": value}
        self._command("Emulation.setEmulatedMedia", features=[feature])

    # --- reading ---------------------------------------------------------------

    def find(self, selector: str) -> WebElement:
        """The first element that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector: str) -> int:
        """How many elements match, seen or not."""
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def css(self, selector: str, name: str) -> str:
        """A computed style of the first match: `css("text", "fill")`."""
        return str(
            self.run(
                "return getComputedStyle(arguments[0])[arguments[1]]",
                *(
                    self.find(selector),
                    name,
                ),
            )
        )

    def text(self, selector: str) -> str:
        """The text in the first match, as it is in the document, seen or not."""
        return str(self.find(selector).get_property("textContent"))

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of the first match, as it is on the screen."""
        rect = self.run(
            "const r = arguments[0].getBoundingClientRect();"
            "return [r.left, r.top, r.width, r.height]",
            self.find(selector),
        )
        left, top, width, height = map(float, rect)
        return left, top, width, height

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function, that has `arguments`, and return what it does."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str, seconds: float = 5) -> Any:
        """Wait until an expression is true, and return it."""
        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.02)
        return waiting.until(lambda _: self.run(f"return {condition}"), condition)

    # --- doing -----------------------------------------------------------------

    def click(self, selector: str) -> None:
        """Move the mouse to the middle of the first match, and click."""
        ActionChains(self.driver).click(self.find(selector)).perform()

    def hover(self, selector: str) -> None:
        """Move the mouse to the middle of the first match."""
        ActionChains(self.driver).move_to_element(self.find(selector)).perform()

    def drag(self, selector: str, right: int, down: int) -> None:
        """Press the mouse on the first match, move it, and let go."""
        actions = ActionChains(self.driver).click_and_hold(self.find(selector))
        actions.move_by_offset(right, down).release().perform()

    def wheel(self, selector: str, down: int) -> None:
        """Turn the mouse wheel over the middle of the first match."""
        left, top, width, height = self.box(selector)
        actions = ActionChains(self.driver)
        middle = int(left + width / 2), int(top + height / 2)
        actions.w3c_actions.wheel_action.scroll(*middle, 0, down)
        actions.perform()

    def type(self, selector: str, text: str) -> None:
        """Click on the first match and type."""
        self.click(selector)
        ActionChains(self.driver).send_keys(text).perform()

    def press(self, *keys: str) -> None:
        """Press named keys where the focus is: "ESCAPE", "TAB", "ARROW_LEFT"."""
        sent = [getattr(Keys, key) for key in keys]
        ActionChains(self.driver).send_keys(*sent).perform()

    # --- looking ---------------------------------------------------------------

    def screenshot(self, path: Path) -> Path:
        """Write what the viewport shows to a PNG, and return its path."""
        path.write_bytes(self._png())
        return path

    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """What the viewport shows: height, width, and red, green, blue to 255."""
        image = matplotlib.image.imread(io.BytesIO(self._png()), format="png")
        return np.round(image[..., :3] * 255).astype(np.uint8)

    def trouble(self) -> list[str]:
        """Errors and requests to the network since the last call."""
        found = [
            f"console: {entry['message']}"
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                address = message["params"]["request"]["url"]
                if urlsplit(address).scheme not in LOCAL:
                    found.append(f"network: {address}")
        return found

    def _png(self) -> bytes:
        answer = self._command("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    def _command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)
