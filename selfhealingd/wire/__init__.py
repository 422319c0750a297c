"""The control protocol, sans IO: JSON-RPC 2.0, one message a line.

``messages`` are the envelopes, ``methods`` what may be asked, ``documents`` what is
answered, ``codec`` turns bytes into messages and back. Daemon and client share all of
it; nothing in here opens a socket.
"""
