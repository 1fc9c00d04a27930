"""Print a script that lets a shell complete commands, options, their values, and settings after --set.

It is made from the commands themselves, so it knows every option of this version.

example:
  source <(fer-edge completion bash)
  fer-edge completion bash | sudo tee /etc/bash_completion.d/fer-edge
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from pydantic import BaseModel

from fer_edge.commands.catalogue import COMMANDS, command_parser
from fer_edge.settings import Settings

_SCRIPT = """\
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shell", choices=("bash",), help="the shell that reads it")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    sys.stdout.write(script())
    return 0


def script() -> str:
    """The completion script."""
    values: list[str] = []
    options: list[str] = []
    for name in COMMANDS:
        actions = command_parser(name)._actions
        words = [word for action in actions for word in action.option_strings]
        options.append(f'        {name}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word")) ;;')
        for action in actions:
            values += _values(name, action)
    return _SCRIPT.format(
        commands=" ".join(COMMANDS),
        settings=" ".join(settings(Settings(), ())),
        values="\n".join(values),
        options="\n".join(options),
    )


def _values(command: str, action: argparse.Action) -> Iterator[str]:
    """What may follow an option: its choices, or a setting's name. Anything else is completed as a file."""
    after = [f'"{command} {word}"' for word in action.option_strings] or [f'"{command} {command}"']
    if action.dest == "set":
        # No blank after the equals sign, for its value follows.
        yield f"        {'|'.join(after)}) compopt -o nospace; {_reply('$settings')}; return ;;"
    elif action.choices:
        yield f"        {'|'.join(after)}) {_reply(' '.join(map(str, action.choices)))}; return ;;"


def _reply(words: str) -> str:
    return f'COMPREPLY=($(compgen -W "{words}" -- "$word"))'


def settings(group: BaseModel, path: tuple[str, ...]) -> Iterator[str]:
    """The full name of every setting, as ``--set`` takes it."""
    for name in type(group).model_fields:
        value = getattr(group, name)
        if isinstance(value, BaseModel):
            yield from settings(value, (*path, name))
        else:
            yield ".".join((*path, name)) + "="
