"""Diagnosis by rules: out of the evidence of one incident comes a report.

Pure, and asked for by people: nothing of it is in the way of healing.
"""
