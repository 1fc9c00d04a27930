"""Print a script that lets a shell complete commands, options, their values, and settings after --set.

Generated from the commands, so it covers every option of this version.

example:
  source <(fer-edge completion bash)
  fer-edge completion bash | sudo tee /etc/bash_completion.d/fer-edge
  source <(fer-edge completion zsh)     # in ~/.zshrc, after compinit
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from fer_edge.commands.catalogue import COMMANDS, command_parser
from fer_edge.settings import Settings

_BASH = """\
# Completion of fer-edge for bash.
_fer_edge() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local settings="{settings}"
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
        return
    fi
    case "${{COMP_WORDS[1]}} $before" in
{values}
    esac
    case "$word" in -*) ;; *) return ;; esac
    case "${{COMP_WORDS[1]}}" in
{options}
    esac
}}
complete -o default -F _fer_edge fer-edge
"""

_ZSH = """\
#compdef fer-edge
# Completion of fer-edge for zsh: sourced after compinit, or as a file _fer-edge in a folder of $fpath.
_fer_edge() {{
    local before=${{words[CURRENT - 1]}}
    local -a commands=({commands})
    local -a settings=({settings})
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case "${{words[2]}} $before" in
{values}
    esac
    if [[ $PREFIX != -* ]]; then
        _files
        return
    fi
    case "${{words[2]}}" in
{options}
    esac
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _fer_edge "$@"
else
    compdef _fer_edge fer-edge
fi
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shell", choices=tuple(_SHELLS), help="the shell")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    sys.stdout.write(script(args.shell))
    return 0


@dataclass(frozen=True)
class _Shell:
    """How a shell is told. ``words`` and ``settings`` offer; ``command`` and ``option`` write one of each."""

    script: str
    words: str
    settings: str
    command: Callable[[str], str]
    option: Callable[[str, str], str]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _described(name: str, about: str) -> str:
    """A word with its explanation, as zsh's _describe takes it."""
    return _quoted(f"{name}:{' '.join(about.split())}")


_SHELLS = {
    "bash": _Shell(
        script=_BASH,
        words='COMPREPLY=($(compgen -W "{words}" -- "$word"))',
        # No blank after the equals sign, for its value follows.
        settings='compopt -o nospace; COMPREPLY=($(compgen -W "$settings" -- "$word"))',
        command=lambda name: name,
        option=lambda word, about: word,
    ),
    "zsh": _Shell(
        script=_ZSH,
        words="compadd -- {words}",
        settings="compadd -S '' -- $settings",
        command=lambda name: _described(name, COMMANDS[name]),
        option=_described,
    ),
}


def script(name: str) -> str:
    """The completion script of a shell."""
    shell = _SHELLS[name]
    values: list[str] = []
    options: list[str] = []
    for command in COMMANDS:
        actions = command_parser(command)._actions
        described = [shell.option(word, action.help or "") for action in actions for word in action.option_strings]
        options.append(_offer_options(name, command, described))
        for action in actions:
            values += _values(shell, command, action)
    return shell.script.format(
        commands=" ".join(map(shell.command, COMMANDS)),
        settings=" ".join(settings(Settings(), ())),
        values="\n".join(values),
        options="\n".join(options),
    )


def _offer_options(shell: str, command: str, options: Sequence[str]) -> str:
    words = " ".join(options)
    if shell == "zsh":
        return f"        {command}) local -a options=({words}); _describe -o option options ;;"
    return f"        {command}) {_SHELLS[shell].words.format(words=words)} ;;"


def _values(shell: _Shell, command: str, action: argparse.Action) -> Iterator[str]:
    """What may follow an option: its choices, or a setting's name. Anything else is completed as a file."""
    after = [f'"{command} {word}"' for word in action.option_strings] or [f'"{command} {command}"']
    if action.dest == "set":
        yield f"        {'|'.join(after)}) {shell.settings}; return ;;"
    elif action.choices:
        yield f"        {'|'.join(after)}) {shell.words.format(words=' '.join(map(str, action.choices)))}; return ;;"


def settings(group: BaseModel, path: tuple[str, ...]) -> Iterator[str]:
    """The full name of every setting, as ``--set`` takes it."""
    for name in type(group).model_fields:
        value = getattr(group, name)
        if isinstance(value, BaseModel):
            yield from settings(value, (*path, name))
        else:
            yield ".".join((*path, name)) + "="
