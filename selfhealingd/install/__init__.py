"""``--install-systemd``: what the package has besides code, put where it is looked for.

``layout`` knows the places, ``content`` what each file must hold, ``put`` compares and
writes, ``command`` talks to the person.
"""

from selfhealingd.install.command import Asked, install, uninstall
from selfhealingd.install.content import shipped
from selfhealingd.install.errors import CannotInstall

__all__ = ["Asked", "CannotInstall", "install", "shipped", "uninstall"]
