"""Sockets that outlive the programs that serve them, and are handed down open."""
