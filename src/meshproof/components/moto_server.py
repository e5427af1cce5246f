"""The emulated account as a program: moto's server with our extensions, and able to copy itself.

`POST /meshproof/copy` answers with the port of a second server that holds everything the first one held at that
moment, and `POST /meshproof/end` ends such a copy. A copy costs a fork: what is changed in it is changed nowhere else.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from meshproof.components import moto_extensions

Start = Callable[..., object]
Environment = dict[str, Any]

_ADDRESS = "127.0.0.1"


class Account:
    """Moto's application; while it copies itself no request is on its way, so no lock of moto's is held in the copy."""

    def __init__(self) -> None:
        """Nothing is held yet."""
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._idle = threading.Condition()
        self._running = 0
        self.server: BaseWSGIServer | None = None

    def __call__(self, environment: Environment, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        match environment.get("PATH_INFO"):
            case "/meshproof/copy":
                return self._answered(start, {"port": self._copied()})
            case "/meshproof/end":
                threading.Timer(0.05, os._exit, (0,)).start()
                return self._answered(start, {})
        with self._idle:
            self._running += 1
        try:
            answer: Iterable[bytes] = self._moto(environment, start)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()
        return answer

    def _copied(self) -> int:
        listening = socket.create_server((_ADDRESS, 0))
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0)
            gc.freeze()  # the copy shares the memory of what neither changes
            if os.fork() == 0:
                self._go_on_as_copy(listening)
        port = int(listening.getsockname()[1])
        listening.close()
        return port

    def _go_on_as_copy(self, listening: socket.socket) -> None:
        """Serve on the new socket until the end; the request that led here is the original's to answer."""
        if self.server is not None:
            self.server.socket.close()
        self._idle = threading.Condition()
        try:
            serve(self, listening)
        finally:
            os._exit(0)

    @staticmethod
    def _answered(start: Start, value: object) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(value).encode()]


def serve(account: Account, listening: socket.socket) -> None:
    """Answer on a socket that listens."""
    port = int(listening.getsockname()[1])
    os.environ["MOTO_PORT"] = str(port)
    account.server = make_server(_ADDRESS, port, account, threaded=True, request_handler=_Quiet, fd=listening.fileno())
    account.server.serve_forever()


class _Quiet(MotoRequestHandler):
    """Says nothing of requests that went well: a log of thousands of lines tells nobody anything."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code).startswith("5"):
            super().log_request(code, size)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serve on the port that is the only argument."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for copies
    moto_extensions.install()
    serve(Account(), socket.create_server((_ADDRESS, int(sys.argv[1]))))


if __name__ == "__main__":
    main()
