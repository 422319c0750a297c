"""The journal decided once more: as it was, or as another policy would have had it."""
