"""Apps of the emulator: messages, conversations, files, annotations."""
