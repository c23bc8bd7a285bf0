"""`dify transcribe` and `dify speak`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command import Context, command, examples, single
from ..inputs import read_text, valid_text
from ..options import Overwrite

__all__ = ["speak", "transcribe"]

transcribe, speak = single(), single()


@command(transcribe, "transcribe", user=True, epilog=examples("dify transcribe question.mp3"))
async def speech_to_text(
    ctx: Context,
    file: Annotated[
        Path, typer.Argument(metavar="file", exists=True, dir_okay=False, help="Audio file of up to 30 MB.")
    ],
) -> None:
    """Convert speech to text with the app's model. Dify accepts mp3, m4a, wav, amr and mpga."""
    transcript = await ctx.client.audio.transcribe(file)
    ctx.output.text(transcript.text, transcript)


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
    ctx: Context,
    text: Annotated[str | None, typer.Argument(metavar="text", help="Text to speak; - reads standard input.")] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", metavar="id", help="Speak the answer of this message.")
    ] = None,
    voice: Annotated[str | None, typer.Option("--voice", metavar="name", help="Voice of the app's model.")] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="path",
            help="File or directory to write to (in a directory: speech.mp3, .wav …); - is standard output.",
        ),
    ] = Path("."),
    overwrite: Overwrite = False,
) -> None:
    """Convert text to speech with the app's model and print the path of the audio file."""
    from ..transfers import save_download

    content = read_text("-") if text == "-" else valid_text(text) if text is not None else None
    if not content and message is None:
        raise typer.BadParameter("there is no text to speak; pass a text or --message")
    await save_download(
        ctx, ctx.client.audio.synthesize(content, message_id=message, voice=voice), out, overwrite=overwrite
    )
