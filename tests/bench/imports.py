"""What it costs to import, in CPU: each variant in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .clients import NotInstalled

ROOT = Path(__file__).parents[2]

_RAW = """
import httpx, httpx_sse, pydantic
class Message(pydantic.BaseModel):
    event: str
    conversation_id: str
    message_id: str
    created_at: int
    task_id: str
    id: str
    answer: str
"""
_FRAME = (ROOT / "tests/recordings/chat/stream_hello.sse").read_bytes()
_SERVED = f"""
answer = httpx.Response(200, headers={{"content-type": "text/event-stream"}}, content={_FRAME!r})
http = httpx.Client(transport=httpx.MockTransport(lambda request: answer))
"""

CODE = {
    ("import", "ours"): "import dify",
    ("import", "raw"): _RAW,
    ("import", "openai"): "import openai",
    ("import", "anthropic"): "import anthropic",
    ("import", "dify-client"): "import dify_client",
    ("client", "ours"): "import dify\ndify.AsyncDify('k', user='u').chat",
    ("client", "raw"): _RAW + "httpx.AsyncClient()",
    ("client", "openai"): "import openai\nopenai.AsyncOpenAI(api_key='k').chat.completions",
    ("client", "anthropic"): "import anthropic\nanthropic.AsyncAnthropic(api_key='k').messages",
    ("client", "dify-client"): "import dify_client\ndify_client.ChatClient('k')",
    (
        "first-use",
        "ours",
    ): f"import httpx, dify\n{_SERVED}\nlist(dify.Dify('k', user='u', http_client=http).chat.stream('Hi'))",
    ("first-use", "raw"): _RAW
    + _SERVED
    + """
with httpx_sse.connect_sse(http, "POST", "http://localhost/v1/chat-messages") as source:
    for event in source.iter_sse():
        if '"message"' in event.data:
            Message.model_validate_json(event.data)
""",
}

_TIMED = """
import time
begun = time.process_time()
exec(compile({code!r}, "measured", "exec"))
print((time.process_time() - begun) * 1000)
"""


def measured(asked: dict[str, Any]) -> dict[str, float]:
    """The figures of one variant: `cpu_ms`, of the last of so many times.

    The first writes bytecode, into a folder of ours: whether there is any otherwise depends on who installed what, and
    compiling costs more than importing.
    """
    code = _TIMED.format(code=CODE[asked["what"], asked["variant"]])
    took = 0.0
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(asked["times"]):
            command = [sys.executable, "-c", code]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            if "ModuleNotFoundError" in done.stderr:
                raise NotInstalled(done.stderr.splitlines()[-1])
            if done.returncode:
                raise RuntimeError(done.stderr[-2000:])
            took = float(done.stdout)
    return {"cpu_ms": took}
