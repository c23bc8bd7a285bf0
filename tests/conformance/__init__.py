"""One suite, two targets: the client and a Dify server together, on the emulator or on a real server.

    pytest tests/conformance                       # the emulator: both doors, both faces

    export DIFY_LIVE_BASE_URL=https://dify.example.com
    export DIFY_LIVE_CHAT_KEY=app-...              # and any of those in `targets.KEYS` and `targets.PIPELINES`
    pytest tests/conformance                       # that server, both faces

Each key names an app by its kind; tests of a kind that has no key are skipped with the name of the variable. Tests of what
an instance lacks (a speech model, a newer release) are skipped on a real server only. Inputs that an app requires are filled
in by the kind of their control. Every test works as an end user of its own and deletes what it makes.

At its end the suite prints which operations of the Service API were answered, and how often. With all variables set, a run of
the whole suite fails for an operation that no test called with success.
"""
