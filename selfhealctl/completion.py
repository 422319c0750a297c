"""What bash is given to complete with, by --show-completion and --install-completion.

typer's own script takes a colon for the end of a word, as bash does; names here have
one: program:web. ``etc/completions`` is made of it, for packages.
"""

from typer import _completion_shared

BASH = """\
# bash takes a colon for the end of a word; names have one: program:web.
%(complete_func)s() {
    local IFS=$'\\n' line=${COMP_LINE:0:COMP_POINT} before
    local word=${line##*[[:space:]]}
    COMPREPLY=( $( _TYPER_COMPLETE_ARGS="$line" _TYPER_COMPLETE_FISH_ACTION=get-args \\
                   %(autocomplete_var)s=complete_fish $1 2>/dev/null ) )
    COMPREPLY=( "${COMPREPLY[@]%%%%$'\\t'*}" )
    if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
        before=${word%%"${word##*:}"}
        COMPREPLY=( "${COMPREPLY[@]#"$before"}" )
    fi
    return 0
}

complete -o default -F %(complete_func)s %(prog_name)s
"""
"""With what typer puts into its own."""


def settle_completion() -> None:
    """Have typer give out this script for bash."""
    _completion_shared._completion_scripts["bash"] = BASH  # noqa: SLF001  no other way
