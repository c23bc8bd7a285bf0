"""What tests of both faces share: recordings, hand-made frames, comparisons. Pure: no client, no event loop."""
