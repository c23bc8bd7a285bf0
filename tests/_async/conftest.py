"""The environment of whoever runs the tests names no keys and no server."""

from collections.abc import Iterator

import pytest

from dify.testing import no_waits


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DIFY_API_KEY",
        "DIFY_KNOWLEDGE_API_KEY",
        "DIFY_BASE_URL",
        "DIFY_API_BASE_URL",
        "DIFY_HOST",
        "DIFY_LOG",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """Nothing waits between attempts or polls; the seconds of each pause are listed here."""
    with no_waits() as skipped:
        yield skipped
