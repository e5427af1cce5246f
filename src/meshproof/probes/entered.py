"""The network of another process of this machine, entered by a thread: what is opened there is that process's own."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from meshproof.errors import ProbeError

#: https://man7.org/linux/man-pages/man2/setns.2.html
_CLONE_NEWNET: Final = 0x40000000
_CHUNK: Final = 65_536


class Network:
    """A network namespace; connections into it and out of it cost a socket each and no process."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        """The one thread that is in there: a socket belongs to the namespace that it was made in."""
        self._thread = thread

    async def carry(self, address: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways between the asker and an address in there, until that closes.

        A refusal closes the asker's connection: it is the called one's own. Raises ProbeError without a socket.
        """
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._thread, _made)
        except OSError as error:
            message = f"{address}:{port}: no socket could be opened in a pod's network: {error}"
            raise ProbeError(message) from error
        with made, contextlib.suppress(OSError):
            await loop.sock_connect(made, (address, port))
            inner, outer = await asyncio.open_connection(sock=made.dup())
            asking = asyncio.create_task(_copied(reader, outer))
            try:
                await _copied(inner, writer)
            finally:
                asking.cancel()
                outer.close()


@contextmanager
def entered(namespace: Path) -> Iterator[Network]:
    """The network of the process whose `/proc/PID/ns/net` this is. Raises ProbeError where it may not be entered."""
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(_enter, namespace).result()
        except OSError as error:
            message = f"{namespace}: its network may not be entered: {error.strerror}"
            raise ProbeError(message) from error
        yield Network(thread)


def _made() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)  # noqa: FBT003  its one argument
    return made


def _enter(namespace: Path) -> None:
    """Moves the thread that calls it, for good."""
    handle = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(handle)


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # one of them is gone, as the other will see
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
