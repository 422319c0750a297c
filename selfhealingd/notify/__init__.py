"""Telling others what happened: commands and webhooks, never in the way.

``hooks`` has one queue and one task for each, ``queue`` what waits and how fast it may
go, ``webhook`` sends by HTTP. Commands are run by whoever knows how.
"""
