"""Asking a model: keys, and the one process that speaks to its endpoint.

    python -I -m selfhealingd.diagnose.helper

The daemon never imports what a call needs: a helper does, once for each call, and ends.
"""
