"""Rules on measured values: their words, and when they have been met."""
