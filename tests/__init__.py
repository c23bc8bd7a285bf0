"""The tests are one package, so that files of the two faces may bear the same names."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts what it puts into the background deaf to Ctrl-C, and programs that tests start and
    # interrupt would inherit that and never end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
