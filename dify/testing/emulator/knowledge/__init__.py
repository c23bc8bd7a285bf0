"""Knowledge bases of the emulator."""
