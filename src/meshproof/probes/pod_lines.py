"""Connections that begin inside a pod, or end at one of its own loopback ports, carried by the API server.

Source: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_exec/ and kubectl_port-forward
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Credentials

_OPEN_WITHIN_S: Final = 20.0
_CHUNK: Final = 65_536
_INPUT: Final = b"\x00"
#: The channel on which the end of a command, or what is wrong with a forwarded port, is told.
_STATUS: Final = 3
_WRONG: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PodLine:
    """How a connection is had: `path` at the API server; bytes come on channel `output`, after `greeting` bytes."""

    path: str
    protocol: str
    output: int
    greeting: int = 0

    @classmethod
    def out_of(cls, namespace: str, pod: str, container: str, address: str, port: int) -> PodLine:
        """A connection that a container makes to an address: by `nc`, which its image has."""
        asked = [("container", container), *(("command", one) for one in ("nc", address, str(port)))]
        asked += [(one, "true") for one in ("stdin", "stdout", "stderr")]
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(asked)}"
        return cls(path=path, protocol="v5.channel.k8s.io", output=1)

    @classmethod
    def into(cls, namespace: str, pod: str, port: int) -> PodLine:
        """A connection to a port that the pod listens on at its own loopback."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports={port}"
        return cls(path=path, protocol="v4.channel.k8s.io", output=0, greeting=2)


async def carry(
    line: PodLine,
    credentials: Credentials,
    tls: ssl.SSLContext,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Carry bytes both ways until either end closes. Raises ProbeError where the API server carries nothing.

    That a called address refuses is no such error: the connection is closed then, as the caller would see it.
    """
    url = f"{credentials.url.replace('https', 'wss', 1)}{line.path}"
    try:
        async with connect(
            url,
            ssl=tls,
            additional_headers=credentials.headers,
            subprotocols=[Subprotocol(line.protocol)],
            compression=None,
            max_size=None,
            proxy=None,
            open_timeout=_OPEN_WITHIN_S,
        ) as opened:
            sending = asyncio.create_task(_send(reader, opened))
            try:
                await _receive(line, opened, writer)
            finally:
                sending.cancel()
    except (OSError, TimeoutError, WebSocketException) as error:
        message = f"{url}: nothing is carried: {type(error).__name__}: {error}"
        raise ProbeError(message) from error


async def _send(reader: asyncio.StreamReader, opened: ClientConnection) -> None:
    with contextlib.suppress(ConnectionError):  # the asker is gone
        while data := await reader.read(_CHUNK):
            await opened.send(_INPUT + data)
    await opened.close()


async def _receive(line: PodLine, opened: ClientConnection, writer: asyncio.StreamWriter) -> None:
    greeting = {line.output: line.greeting, _WRONG: line.greeting}
    async for frame in opened:
        data = frame if isinstance(frame, bytes) else frame.encode()
        channel, words = data[0], data[1:]
        skipped = min(greeting.get(channel, 0), len(words))
        greeting[channel] = greeting.get(channel, 0) - skipped
        words = words[skipped:]
        if channel == line.output and words:
            try:
                writer.write(words)
                await writer.drain()
            except ConnectionError:
                return  # the asker is gone
        elif channel == _STATUS or (channel == _WRONG and line.greeting and words):
            _judge(words)
            return


def _judge(words: bytes) -> None:
    """Tell a command that ended from one that never ran. Raises ProbeError."""
    try:
        said = json.loads(words)
    except ValueError:
        said = {"message": words.decode(errors="replace")}
    causes = [one.get("reason") for one in (said.get("details") or {}).get("causes", [])]
    if said.get("status") != "Success" and "ExitCode" not in causes:
        message = f"the API server says: {said.get('message')}"
        raise ProbeError(message)
