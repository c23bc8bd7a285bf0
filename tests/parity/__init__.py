"""The emulator answers as a Dify 1.14.2 server did: recorded requests are sent to it, and the answers compared.

`data` holds what a real server answered, one scenario per file. A scenario has the steps of a chain, or steps that are
independent of each other but for those marked `setup`. A step has what is sent (`key`, `method`, `path`, `query`, `json`,
`form`, `files`, `raw`, `headers`, `times`), when (`wait` seconds later; `until` a value is there; `stop_after` seconds), the
values to `save` for later steps, and `real`: the status, the error, the shape of the body or of each event, the order of
the events, values that never varied, and the way in which a list is cut into pages (`walk`).

A `${name}` stands for a saved value, `<id>` for other ids, `2.x` for pydantic's version and `<cut>` for a value that
pydantic shortened. Paths of a shape end in the types that were seen, with a `?` where the member was not always there.
"""
