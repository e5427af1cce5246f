"""Addresses of this machine that lead into pods: what is carried, and what is told of what is not."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from meshproof.components.authority import Authority
from meshproof.probes.http import Request, ask
from meshproof.probes.kubernetes import Credentials
from meshproof.probes.pod_lines import PodLine, carry
from meshproof.targets.kind.lines import Carry
from meshproof.targets.kind.ways import Ways

Answer = Callable[[ServerConnection], Awaitable[None]]
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
HERE = "127.0.0.1"


@contextlib.contextmanager
def api_server(directory: Path, answer: Answer) -> Iterator[Credentials]:
    """A server that upgrades as the API server does, and answers so."""
    authority = Authority.new("a test")
    chain, key = authority.issue("server", names=[HERE]).write(directory, "server")
    root, _ = authority.identity.write(directory, "root")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    protocols = [Subprotocol("v5.channel.k8s.io"), Subprotocol("v4.channel.k8s.io")]

    async def start() -> int:
        server = await serve(answer, HERE, 0, ssl=context, subprotocols=protocols)
        port: int = next(iter(server.sockets)).getsockname()[1]
        stops.append(server)
        return port

    async def stop() -> None:
        for one in stops:
            one.close()
            await one.wait_closed()

    stops: list[Server] = []
    port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield Credentials(url=f"https://{HERE}:{port}", authority=root)
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def echoes(line: ServerConnection) -> None:
    """A command that answers every request."""
    async for frame in line:
        assert isinstance(frame, bytes)
        assert frame.startswith(b"\x00GET /orders")
        await line.send(b"\x01" + REPLY)


async def greets(line: ServerConnection) -> None:
    """A forwarded port: each channel begins with the number of the port."""
    await line.send(b"\x00" + (15_000).to_bytes(2, "little"))
    await line.send(b"\x01" + (15_000).to_bytes(2, "little"))
    await line.recv()
    await line.send(b"\x00" + REPLY)


async def refuses(line: ServerConnection) -> None:
    """A command that could not connect."""
    causes = {"causes": [{"reason": "ExitCode", "message": "1"}]}
    await line.send(
        b"\x03" + json.dumps({"status": "Failure", "reason": "NonZeroExitCode", "details": causes}).encode()
    )


async def cannot(line: ServerConnection) -> None:
    """A command that the container does not have."""
    await line.send(b"\x03" + json.dumps({"status": "Failure", "message": "no nc in $PATH"}).encode())


def by(line: PodLine, credentials: Credentials) -> Carry:
    """As the API server carries it."""
    return partial(carry, line, credentials, credentials.tls())


OUT = PodLine.out_of("shop", "orders-1", "orders", "198.18.0.1", 8080)
INTO = PodLine.into("shop", "orders-1", 15_000)


@pytest.mark.parametrize(("answer", "line"), [pytest.param(echoes, OUT, id="out"), pytest.param(greets, INTO, id="in")])
def test_what_is_asked_here_is_answered_there(tmp_path: Path, answer: Answer, line: PodLine) -> None:
    """Out of a container, and into a pod's own loopback."""
    with api_server(tmp_path, answer) as credentials, Ways() as ways:
        port = ways.lead(HERE, 0, by(line, credentials))
        reply = ask(HERE, port, Request(host="orders", path="/orders"))

        assert (reply.status, reply.body) == (200, "hi")
        assert ways.lost(HERE) == []


def test_a_refusal_is_the_called_ones_own(tmp_path: Path) -> None:
    """A command that ended told that nothing took the call."""
    with api_server(tmp_path, refuses) as credentials, Ways() as ways:
        reply = ask(HERE, ways.lead(HERE, 0, by(OUT, credentials)), Request(host="orders"))

        assert not reply.answered
        assert ways.lost(HERE) == []


def test_what_was_never_carried_is_told(tmp_path: Path) -> None:
    """Nobody refused: nothing was seen."""
    with api_server(tmp_path, cannot) as credentials, Ways() as ways:
        reply = ask(HERE, ways.lead(HERE, 0, by(OUT, credentials)), Request(host="orders"))

        assert not reply.answered
        assert "no nc in $PATH" in ways.lost(HERE)[0]


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    """As when a node ends."""
    with api_server(tmp_path, cannot) as credentials:
        pass
    with Ways() as ways:
        reply = ask(HERE, ways.lead(HERE, 0, by(OUT, credentials)), Request(host="orders"))

        assert not reply.answered
        assert "nothing is carried" in ways.lost(HERE)[0]
