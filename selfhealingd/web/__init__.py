"""The daemon over HTTP: for browsers, Prometheus and curl. Loaded where [web] is.

``server`` owns the socket and the connections, ``gate`` decides who may come in,
``intake`` takes a request's body and ends what takes too long, ``application`` knows
which address is what, ``methods`` turns a request into a method of the control protocol
and its answer into one of HTTP, ``events`` streams, by
``difference`` only what has changed, ``files`` are the page's own;
``catalogue`` has the metrics, a row of ``rows`` each, and ``metrics`` writes them.
Nothing in here knows what a method means: ``backend`` is what it asks.
"""
