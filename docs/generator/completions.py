"""What shells load to complete selfhealctl's commands and names."""

from typer.completion import get_completion_script  # type: ignore[attr-defined]

from selfhealctl.app import NAME
from selfhealctl.completion import settle_completion

FILES = {"bash": f"{NAME}.bash", "fish": f"{NAME}.fish", "zsh": f"_{NAME}"}
"""A shell to the name that its file must have to be found."""


def completion(shell: str) -> str:
    """Return the script of a shell."""
    variable = f"_{NAME.upper()}_COMPLETE"
    settle_completion()
    script = get_completion_script(prog_name=NAME, complete_var=variable, shell=shell)
    if shell == "zsh":
        # The first TAB loads the file: it must be answered, too.
        script = f'{script.strip()}\n_{NAME}_completion "$@"'
    return script.strip() + "\n"
