"""Ask an app every question of a CSV file and compare its answers with those expected.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python evaluate_csv.py questions.csv answers.csv
    python evaluate_csv.py --emulator questions.csv answers.csv     # no server and no key: a Dify in this process

The file has the columns "question" and "expected". The answers are written as they come, with a score, seconds, tokens, price
and error; a summary is printed at the end. Every question begins a conversation of its own. Works for chatbots, agents and
chatflows; for workflows and completion apps see `client.workflows.map` and `client.completions.map`.
"""

import argparse
import asyncio
import csv
import re
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from pathlib import Path

from dify import AsyncDify, DifyError, RateLimitError


@dataclass
class Result:
    """One line of the file that is written."""

    question: str
    expected: str
    answer: str = ""
    score: float = 0.0
    seconds: float = 0.0
    tokens: int = 0
    price: Decimal = Decimal(0)
    error: str = ""


def score(answer: str, expected: str) -> float:
    """The share of the expected words that are in the answer. Put your own measure here: a regex, a model that judges."""
    wanted = set(re.findall(r"\w+", expected.lower()))
    return len(wanted & set(re.findall(r"\w+", answer.lower()))) / len(wanted) if wanted else 1.0


async def evaluate(client: AsyncDify, question: str, expected: str, pauses: Iterable[float]) -> Result:
    """Ask one question. A limit of requests is waited for; anything else that fails is a result, too."""
    result = Result(question, expected)
    for pause in (*pauses, None):
        began = time.monotonic()
        try:
            reply = await client.chat.send(question)
        except RateLimitError as error:  # the client itself has tried again before
            if pause is None or error.code == "rate_limit_error":
                result.error = str(error)
                break
            await asyncio.sleep(error.retry_after or pause)
        except DifyError as error:
            result.error = f"{type(error).__name__}: {error}"
            break
        else:
            result.answer, result.seconds = reply.answer, round(time.monotonic() - began, 3)
            result.score = round(score(reply.answer, expected), 3)
            if reply.usage is not None:
                result.tokens, result.price = reply.usage.total_tokens or 0, reply.usage.total_price or Decimal(0)
            break
    return result


async def run(client: AsyncDify, source: Path, target: Path, at_once: int, pauses: Iterable[float]) -> list[Result]:
    """Evaluate all, so many at once, and write each result as it comes."""
    with source.open(newline="", encoding="utf-8-sig") as file:
        rows = [(row["question"], row["expected"]) for row in csv.DictReader(file)]
    room = asyncio.Semaphore(at_once)
    results: list[Result] = []

    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Result)])
        writer.writeheader()

        async def one(question: str, expected: str) -> None:
            async with room:
                result = await evaluate(client, question, expected, pauses)
            results.append(result)
            writer.writerow(asdict(result))
            file.flush()
            print(f"{len(results)}/{len(rows)} {result.score:.2f} {result.error or result.question}")

        async with asyncio.TaskGroup() as tasks:
            for question, expected in rows:
                tasks.create_task(one(question, expected))
    return results


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """A client of the server that the environment names, or of an emulator that says what it is asked."""
    if emulated:
        from dify.testing import Emulator

        async with Emulator(mode="chat") as emulator:
            yield emulator.client(user="evaluation")
    else:
        async with AsyncDify(user="evaluation") as client:
            yield client


async def main() -> None:
    parser = argparse.ArgumentParser(description="Evaluate an app with a CSV file.")
    parser.add_argument("questions", type=Path, help='a CSV file with the columns "question" and "expected"')
    parser.add_argument("answers", type=Path, help="where the results go")
    parser.add_argument("--at-once", type=int, default=4, help="how many questions to ask at a time")
    parser.add_argument("--emulator", action="store_true", help="answer in this process: no server, no key")
    asked = parser.parse_args()
    async with open_client(asked.emulator) as client:
        results = await run(client, asked.questions, asked.answers, asked.at_once, pauses=(5, 30, 120))
    answered = [each for each in results if not each.error]
    mean = sum(each.score for each in results) / len(results) if results else 0.0
    print(f"{len(answered)} of {len(results)} answered, score {mean:.2f}, price {sum(each.price for each in results)}")


if __name__ == "__main__":
    asyncio.run(main())
