"""The only room that starts and signals processes: facts and deeds, no decisions.

A process is known by its pid *and* its start time, never by its pid alone: numbers
are used again. What may block (fork and exec, walks through ``/proc``) runs in
worker threads; exits are seen by pidfd, without polling.
"""
