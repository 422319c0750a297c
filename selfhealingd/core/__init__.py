"""The decisions, pure: ``step(policy, host, event) -> (host, effects)``.

Everything that can happen is an event, everything that can be done or announced is
an effect, and nothing in here reads a clock, a file or a process. Times are seconds
on one monotonic clock, given by the events.
"""
