"""Evidence of what went wrong, read from the kernel before it is gone.

Reading ``/proc`` of a process that hangs can hang as well, so all of this is for a
thread that may be given up: ``notes`` keeps what was found until then.
"""
