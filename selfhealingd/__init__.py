"""selfhealingd: a process supervisor that heals, verifies, and knows when to stop."""

__version__ = "0.4.0"
