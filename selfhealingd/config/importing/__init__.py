"""From the config of another supervisor to a config of ours, as text with comments.

``reading`` reads supervisord's files as supervisord does, ``expansion`` replaces its
``%(…)s``, ``options`` turns each option into a key, ``programs``, ``groups`` and
``daemon`` do so with sections, ``advice`` has the words for what we don't have,
``document`` writes it all down. ``procfile`` does the same for a Procfile.
"""

from selfhealingd.config.importing.choice import CannotImport, Imported, import_file

__all__ = ["CannotImport", "Imported", "import_file"]
