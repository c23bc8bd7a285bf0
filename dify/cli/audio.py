"""`dify transcribe` and `dify speak`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command import Job, command, examples, single
from .inputs import checked, read_text

__all__ = ["speak", "transcribe"]

transcribe, speak = single(), single()


@command(transcribe, "transcribe", user=True, epilog=examples("dify transcribe question.mp3"))
async def speech_to_text(
    job: Job, file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Up to 30 MB.")]
) -> None:
    """Turn speech into text, with the app's model. Dify takes mp3, m4a, wav, amr and mpga."""
    said = await job.client.audio.transcribe(file)
    job.out.text(said.text, said)


@command(
    speak,
    "speak",
    user=True,
    epilog=examples(
        'dify speak "Good morning!" --out morning.mp3',
        "dify speak --message MESSAGE_ID --out answer.mp3",
        "dify speak - < letter.txt --out - | mpv -",
    ),
)
async def text_to_speech(
    job: Job,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="What to say; - reads it from standard input.")
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", metavar="ID", help="Say the answer of this message.")
    ] = None,
    voice: Annotated[str | None, typer.Option("--voice", metavar="NAME", help="One of the model's voices.")] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="PATH",
            help="A file, a folder (the file is then speech.mp3, or .wav and so on), or - for standard output.",
        ),
    ] = Path("."),
) -> None:
    """Turn text into speech, with the app's model, and print where it is."""
    from .transfers import saved

    words = read_text("-") if text == "-" else checked(text) if text is not None else None
    if not words and message is None:
        raise typer.BadParameter("there is nothing to say: give a TEXT or --message")
    await saved(job, job.client.audio.synthesize(words, message_id=message, voice=voice), out)
