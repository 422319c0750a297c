"""Telling others what happened: commands, webhooks, people, and never in the way.

``hooks`` has one queue and one task for each, ``queue`` what waits and how fast it may
go, ``webhook`` sends by HTTP. Commands are run by whoever knows how, and so is what
sends to people, ``call`` being what is said to it and by it:

    python -I -m selfhealingd.notify.helper
"""
