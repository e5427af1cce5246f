"""What the engine's own tests share."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytester"]

# A machine that is busy with something else is no defect of what is tested.
settings.register_profile("meshproof", deadline=None)
settings.load_profile("meshproof")
