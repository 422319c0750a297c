"""What must survive the daemon: state file, journal, and the lock that guards them.

``codec`` and ``statefile`` hold what is true now, ``journal`` what happened; ``keeper``
writes both without ever holding the loop. Nothing in here knows what the values mean.
"""
