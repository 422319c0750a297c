"""Answers as people read them. Every string from the daemon is cleaned first."""
