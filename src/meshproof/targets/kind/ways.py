"""Addresses of this machine that lead into pods: what is asked there is asked from, or at, the pod itself."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from functools import partial
from typing import Any, Self, TypeVar

from meshproof.errors import ProbeError
from meshproof.targets.kind.lines import Carry

T = TypeVar("T")


class Ways:
    """Listens for as long as the block lasts, in a thread of its own."""

    def __init__(self) -> None:
        """Nothing listens yet."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._carrying: set[asyncio.Task[None]] = set()
        self._lost: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        """Ready to be told of ways."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close every one of them."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lead(self, address: str, port: int, line: Carry) -> int:
        """Listen at an address and port, 0 for any, and carry what comes there; returns the port."""
        accept = partial(self._accept, address, line)
        server = self._do(asyncio.start_server(accept, address, port))
        self._servers.append(server)
        found: int = server.sockets[0].getsockname()[1]
        return found

    def lost(self, address: str) -> list[str]:
        """Why connections to the address were not carried, one after the other: whoever asked there saw nothing."""
        return list(self._lost.get(address, ()))

    async def _accept(
        self, address: str, line: Carry, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs each connection as one
        self._carrying.add(task)
        try:
            await line(reader, writer)
        except ProbeError as error:
            self._lost.setdefault(address, []).append(str(error))
        except (OSError, asyncio.CancelledError):
            pass  # the asker went first
        finally:
            self._carrying.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
