"""Commands for files and audio: `upload`, `download`, `transcribe` and `speak`."""
