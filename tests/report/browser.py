"""A headless Chromium, spoken to through its DevTools protocol: enough to look at a page, press keys and measure."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from meshproof.process import Running
from meshproof.waiting import until

#: The first one on PATH is used.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: A cold start on a loaded machine.
START_WITHIN_S = 90.0
ANSWER_WITHIN_S = 60.0
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)


def chromium() -> str | None:
    """The path of a Chromium, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page: `errors` are what its console, its exceptions and its policy complained about."""

    def __init__(self, socket: ClientConnection) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: object) -> dict[str, Any]:
        """One command and its answer; raises AssertionError where the browser refuses it."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=ANSWER_WITHIN_S))
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                answer: dict[str, Any] = message["result"]
                return answer
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, params = message.get("method", ""), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(params["exceptionDetails"].get("exception", params["exceptionDetails"])))
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str(params["args"]))
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(str(params["entry"]["text"]))
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def show(self, page: Path, *, width: int, scheme: str = "light", script: bool = True, height: int = 900) -> None:
        """Open the page at this width, in this colour scheme, and wait until it is complete."""
        self.send("Emulation.setScriptExecutionDisabled", value=not script)
        mobile = width < 760  # as the style does
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=page.as_uri())
        until(lambda: self.value("[location.protocol, document.readyState]"), _is_loaded, within_s=ANSWER_WITHIN_S)

    def value(self, expression: str) -> Any:
        """What an expression is worth in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, *, text: str = "") -> None:
        """One key, down and up, as a person presses it."""
        code = {"Tab": 9, "Enter": 13, " ": 32}.get(key, 0)
        said = text or ("\r" if key == "Enter" else key if len(key) == 1 else "")
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=said, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A screenshot, of the whole page where asked for."""
        answer = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))


@contextmanager
def tab(scratch: Path) -> Iterator[Tab]:
    """A tab of a browser of its own; it ends with the block."""
    profile = scratch / "profile"
    profile.mkdir()
    binary = chromium()
    assert binary, "no Chromium"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    argv = [binary, *_FLAGS, *root, f"--user-data-dir={profile}", "about:blank"]
    with Running(argv, log=scratch / "chromium.log", name="chromium"):
        port = until((profile / "DevToolsActivePort").read_text, _has_port, within_s=START_WITHIN_S).value.split()[0]
        with _connected(f"ws://127.0.0.1:{port}{(profile / 'DevToolsActivePort').read_text().split()[1]}") as browser:
            target = _asked(browser, "Target.createTarget", url="about:blank")["targetId"]
            with _connected(f"ws://127.0.0.1:{port}/devtools/page/{target}") as socket:
                yield Tab(socket)


def _connected(url: str) -> ClientConnection:
    return connect(url, max_size=None, proxy=None, open_timeout=START_WITHIN_S)


def _asked(socket: ClientConnection, method: str, **params: object) -> dict[str, Any]:
    socket.send(json.dumps({"id": 1, "method": method, "params": params}))
    while (message := json.loads(socket.recv(timeout=ANSWER_WITHIN_S))).get("id") != 1:
        pass
    answer: dict[str, Any] = message["result"]
    return answer


def _has_port(text: str) -> bool:
    return len(text.split()) == 2  # port and path


def _is_loaded(state: list[str]) -> bool:
    return state == ["file:", "complete"]
