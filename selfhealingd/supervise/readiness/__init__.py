"""Whether a program that was started is ready: what it says, and what can be seen.

``Gate`` is what the rest of this room uses: opened before a program starts, it finds
the one sign that its config names.
"""
