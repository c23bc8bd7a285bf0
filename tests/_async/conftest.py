"""The environment of whoever runs the tests names no keys and no server."""

import pytest

from .support import record_waits


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIFY_API_KEY", "DIFY_KNOWLEDGE_API_KEY", "DIFY_BASE_URL", "DIFY_LOG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing waits between attempts; the seconds that would have been waited are here."""
    return record_waits(monkeypatch)
