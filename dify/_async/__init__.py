"""The client as people write it; `_sync` is generated from here."""
