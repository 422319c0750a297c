"""Programs' output: from a FIFO per stream to where the operator wants it.

A program holds its FIFO open for reading and writing, so that no write meets SIGPIPE
and nothing is lost while no daemon is there. Threads of their own, one per file system
that is written to, move the bytes; ``Outputs`` is what the rest of the daemon sees.
"""
