"""A program that ends with something left open ends as it would have without."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.recordings import ROOT

PROGRAM = """
from dify import Dify
from dify.testing import Emulator


def words(request):
    for _ in range(100):
        yield "word "


with Emulator(words, delay=0.002).serve() as url:
    client = Dify("app-x", user="alice", base_url=url)
    {left_open}
print("the end")
"""
LEFT_OPEN = {
    "pieces of text": "pieces = client.chat.stream('hi').text_stream; next(pieces)",
    "events": "stream = client.chat.stream('hi'); events = iter(stream); next(events)",
    "a block that is never left": "stream = client.chat.stream('hi').__enter__(); events = iter(stream); next(events)",
    "results of a map": "results = iter(client.workflows.map([{}] * 8, concurrency=2)); next(results)",
}


@pytest.mark.parametrize("left_open", LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_a_program_may_end_while_something_is_open(left_open):
    program = PROGRAM.format(left_open=left_open)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert (ended.stdout, ended.returncode) == ("the end\n", 0), ended.stderr
