"""One suite, two targets: what the client and a Dify server do together, on the emulator or on a real server.

    pytest tests/conformance                       # the emulator: both doors, both faces

    export DIFY_LIVE_BASE_URL=https://dify.example.com
    export DIFY_LIVE_CHAT_KEY=app-...              # and any of those in `targets.KEYS`
    pytest tests/conformance                       # that server, both faces

Each key names an app by its kind; tests of a kind that has no key are skipped, and say so. What an instance lacks (no model
for speech, an old release) is skipped by name too; on the emulator nothing is. Inputs that an app requires are filled in by
the kind of their control. Every test works as an end user of its own, and what it makes it deletes again.
"""
