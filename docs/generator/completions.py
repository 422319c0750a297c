"""What shells load to complete selfhealctl's commands and names."""

from typer.completion import get_completion_script  # type: ignore[attr-defined]

from selfhealctl.app import NAME

FILES = {"bash": f"{NAME}.bash", "fish": f"{NAME}.fish", "zsh": f"_{NAME}"}
"""A shell to the name that its file must have to be found."""


def completion(shell: str) -> str:
    """Return the script of a shell."""
    variable = f"_{NAME.upper()}_COMPLETE"
    if shell == "bash":
        return _BASH.replace("NAME", NAME).replace("VARIABLE", variable)
    script = get_completion_script(prog_name=NAME, complete_var=variable, shell=shell)
    if shell == "zsh":
        # The first TAB loads the file: it must be answered, too.
        script = f'{script.strip()}\n_{NAME}_completion "$@"'
    return script.strip() + "\n"


_BASH = r"""# bash takes a colon for the end of a word; names have one: program:web.
_NAME_completion() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} before
    local word=${line##*[[:space:]]}
    COMPREPLY=( $( _TYPER_COMPLETE_ARGS="$line" _TYPER_COMPLETE_FISH_ACTION=get-args \
                   VARIABLE=complete_fish $1 2>/dev/null ) )
    COMPREPLY=( "${COMPREPLY[@]%%$'\t'*}" )
    if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
        before=${word%"${word##*:}"}
        COMPREPLY=( "${COMPREPLY[@]#"$before"}" )
    fi
    return 0
}

complete -o default -F _NAME_completion NAME
"""
"""Of its own: that of typer loses what stands before a colon."""
