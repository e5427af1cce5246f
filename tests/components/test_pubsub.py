"""The emulator of Pub/Sub gives back what was published, once it was acknowledged no more."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from meshproof.components.pubsub import emulator, pubsub
from meshproof.errors import ProbeError, TargetError
from meshproof.targets.embedded.addresses import free_ports


def test_what_is_published_is_pulled_once(tmp_path: Path) -> None:
    """With its attributes; what is asked of a topic that is not there is told."""
    try:
        emulator()
    except TargetError as error:
        pytest.skip(str(error))
    (port,) = free_ports(1)
    with pubsub(port=port, directory=tmp_path) as running:
        running.make("events", "audit", ordered=False)
        message = {"data": base64.b64encode(b"7").decode(), "attributes": {"offset": "3"}}
        path = f"{running.url}/v1/projects/drill/topics/events:publish"
        assert httpx.post(path, json={"messages": [message]}, trust_env=False).is_success

        assert running.pull_all("audit") == [{"offset": "3", "data": "7"}]
        assert running.pull_all("audit") == []
        with pytest.raises(ProbeError, match=r"POST subscriptions/other:pull"):
            running.pull_all("other")


def test_no_emulator_is_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never taken for nothing lost."""
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(TargetError, match=r"cannot be seen; run `gcloud components install pubsub-emulator`"):
        emulator()
