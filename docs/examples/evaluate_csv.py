"""Ask an app every question of a CSV file and compare the answers with the expected ones.

    DIFY_API_KEY=app-... DIFY_BASE_URL=https://dify.example.com python evaluate_csv.py questions.csv answers.csv
    python evaluate_csv.py --emulator questions.csv answers.csv     # with an emulator: no server, no key

The file has the columns "question" and "expected". Answers are written as they arrive, with score, seconds, tokens, price
and error; a summary is printed at the end. Every question starts a new conversation. Works for chatbots, agents and chatflows;
for workflows and completion apps, see `client.workflows.map` and `client.completions.map`.
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
    """A row of the results file."""

    question: str
    expected: str
    answer: str = ""
    score: float = 0.0
    seconds: float = 0.0
    tokens: int = 0
    price: Decimal = Decimal(0)
    error: str = ""


def score(answer: str, expected: str) -> float:
    """Return the share of the expected words that the answer contains. Replace it with your own metric."""
    wanted = set(re.findall(r"\w+", expected.lower()))
    return len(wanted & set(re.findall(r"\w+", answer.lower()))) / len(wanted) if wanted else 1.0


async def evaluate(client: AsyncDify, question: str, expected: str, pauses: Iterable[float]) -> Result:
    """Ask a question. Wait and retry if the rate limit is exceeded; other errors become results."""
    result = Result(question, expected)
    for pause in (*pauses, None):
        began = time.monotonic()
        try:
            reply = await client.chat.send(question)
        except RateLimitError as error:  # the client has already retried
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
    """Evaluate all questions, `at_once` in parallel, and write each result as it arrives."""
    with source.open(newline="", encoding="utf-8-sig") as file:
        rows = [(row["question"], row["expected"]) for row in csv.DictReader(file)]
    semaphore = asyncio.Semaphore(at_once)
    results: list[Result] = []

    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Result)])
        writer.writeheader()

        async def evaluate_row(question: str, expected: str) -> None:
            async with semaphore:
                result = await evaluate(client, question, expected, pauses)
            results.append(result)
            writer.writerow(asdict(result))
            file.flush()
            print(f"{len(results)}/{len(rows)} {result.score:.2f} {result.error or result.question}")

        async with asyncio.TaskGroup() as tasks:
            for question, expected in rows:
                tasks.create_task(evaluate_row(question, expected))
    return results


@asynccontextmanager
async def open_client(emulated: bool) -> AsyncGenerator[AsyncDify]:
    """Open a client of the server in the environment, or of an emulator that echoes the question."""
    if emulated:
        from dify.testing import Emulator

        async with Emulator(mode="chat") as emulator:
            yield emulator.client(user="evaluation")
    else:
        async with AsyncDify(user="evaluation") as client:
            yield client


async def main() -> None:
    parser = argparse.ArgumentParser(description="Evaluate an app with a CSV file.")
    parser.add_argument("questions", type=Path, help='CSV file with the columns "question" and "expected"')
    parser.add_argument("answers", type=Path, help="CSV file for the results")
    parser.add_argument("--at-once", type=int, default=4, help="number of questions to ask in parallel")
    parser.add_argument("--emulator", action="store_true", help="use an emulator: no server, no key")
    arguments = parser.parse_args()
    async with open_client(arguments.emulator) as client:
        results = await run(client, arguments.questions, arguments.answers, arguments.at_once, pauses=(5, 30, 120))
    answered = [result for result in results if not result.error]
    mean = sum(result.score for result in results) / len(results) if results else 0.0
    print(
        f"{len(answered)} of {len(results)} answered, score {mean:.2f}, price {sum(result.price for result in results)}"
    )


if __name__ == "__main__":
    asyncio.run(main())
