"""The live view: facts and keys in, lines of a screen out, in a thin trio shell.

``model`` is what is known and how it is looked at, ``pressing`` what keys do to that,
``frame`` and ``rows`` what it looks like; these are pure. ``shell``, ``link`` and
``terminal`` do the rest. Only its command imports it: it loads trio.
"""
