"""What writes the generated parts of the pages, manual pages, the schema, completions.

``python docs/generate.py`` runs it.
"""
