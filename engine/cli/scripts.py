"""What each shell is told, once, so that it asks `wosync` for the words it completes.

The variables by which it asks are those of the scripts that people have installed long ago.
"""

from __future__ import annotations

_BASH = """
_wosync_completion() {
    local IFS=$'\n'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \\
                   COMP_CWORD=$COMP_CWORD \\
                   _WOSYNC_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _wosync_completion wosync
"""
_ZSH = """
#compdef wosync

_wosync_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _WOSYNC_COMPLETE=complete_zsh wosync)
}

compdef _wosync_completion wosync
"""
_FISH_ASKS = (
    "env _WOSYNC_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION={action}"
    " _TYPER_COMPLETE_ARGS=(commandline -cp) wosync"
)
_FISH = (
    f'complete --command wosync --no-files --arguments "({_FISH_ASKS.format(action="get-args")})"'
    f' --condition "{_FISH_ASKS.format(action="is-args")}"'
)
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""By the name of the shell."""
