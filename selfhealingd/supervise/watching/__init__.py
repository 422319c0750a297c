"""Processes that others start: found, held by pidfd, moved by the operator's commands.

A watch is whatever a pidfile, a unit of systemd's or a command line leads to. It is
nobody's child here, and what is done to it by others is as good as what we do.
"""
