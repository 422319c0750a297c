"""selfhealctl: ask selfhealingd, and tell it what to do.

Knows the daemon by ``selfhealingd.wire`` alone. Plain sockets, and as few imports as
will do: the command is typed in emergencies and run in loops.
"""
