"""What the emulator knows of knowledge bases: their state, how texts are cut and searched, and how the API shows them."""
