"""The command line: ``fer-edge-convert VERB [--task TASK] …``, or ``python -m convert VERB …``.

A verb is a module of :mod:`convert.verbs`, imported only when asked for, with ``add_arguments(parser, task)`` and
``run(args, task) -> int`` (``task`` is None for verbs of no task). A task is a module of :mod:`convert.tasks`. Faults
are raised as :class:`fer_edge.errors.FerEdgeError`.

``--task`` and ``--recipe`` are handled here. A recipe is a YAML file of option names and values, ``task`` among them;
those under ``train:``, ``quantize:`` … count for that verb only. A verb passes over what only ``train`` has an option
for. Options on the command line win over it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from convert.backend import HINT
from convert.errors import MissingExtra, UsageError
from convert.files import read_mapping, recipe_file
from convert.tasks import TASKS, find
from convert.tasks.base import Task
from fer_edge.command_line import Parser, close_output, of_output
from fer_edge.errors import FerEdgeError

OF_TASKS = {
    "train": "train a network with Keras",
    "average": "average the weights of several trainings of one network",
    "quantize": "convert a trained Keras model to TFLite",
    "evaluate": "measure a model on data",
}
PROGRAM = "fer-edge-convert"
VERBS = OF_TASKS | {
    "inspect": "show a model's card, operators, size, MACs and speed",
    "judge": "compare fer-edge's results on annotated clips with the annotations",
    "robustness": "measure accuracy under bad light, blur, noise, compression and occlusion",
    "faces": "crop the faces from any pictures, for train --unlabelled",
    "teach": "label faces and five points with YuNet, to train the detector and the landmark network",
    "mean-face": "compute the average 3D face from annotated faces",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (0 fine, 1 failed, 2 usage, 69 unavailable)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except FerEdgeError as error:
        print(f"convert: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        goes_on = "; --resume continues after the last complete epoch" if argv[:1] == ["train"] else ""
        print(f"convert: interrupted{goes_on}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        close_output()
        return 0
    except OSError as error:
        told = of_output(error) or f"{error.filename or 'a file'}: {error.strerror or error}"
        print(f"convert: {told}", file=sys.stderr)
        return FerEdgeError.exit_code


def _run(argv: list[str]) -> int:
    if not argv or argv[0] in {"-h", "--help"}:
        _top().print_help()
        return 0 if argv else UsageError.exit_code
    try:
        module, task, args = parsed(argv)
        return int(module.run(args, task))
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is not installed: {HINT} (make test-convert does it)") from None


def _top() -> argparse.ArgumentParser:
    top = Parser(
        prog=PROGRAM,
        description="Train, quantize, evaluate and inspect models, and test the whole product on annotated clips.",
        epilog=f"`{PROGRAM} COMMAND --task TASK --help` lists all options.",
    )
    top.add_argument("verb", choices=list(VERBS), help="; ".join(f"{v}: {h}" for v, h in VERBS.items()))
    return top


def parsed(argv: list[str]) -> tuple[ModuleType, Task | None, argparse.Namespace]:
    """The verb's module, the task if it is of one, and the options that a command line and its recipe give."""
    verb = _top().parse_args(argv[:1]).verb
    first = Parser(prog=f"{PROGRAM} {verb}", add_help=False)
    first.add_argument("--task", choices=TASKS)
    first.add_argument("--recipe", type=recipe_file)
    chosen, _ = first.parse_known_args(argv[1:])
    shared, own = _read_recipe(chosen.recipe, verb) if chosen.recipe else ({}, {})
    name = shared.pop("task", "expression")
    if name not in TASKS:
        raise UsageError(f"{chosen.recipe}: task: {name!r} is not one of {', '.join(TASKS)}")
    parser = Parser(prog=f"{PROGRAM} {verb}", description=VERBS[verb])
    if verb in OF_TASKS:
        parser.add_argument("--task", choices=TASKS, default="expression", help="which model (expression)")
        about = "YAML file of options, or the name of a shipped one; the command line takes precedence"
        parser.add_argument("--recipe", type=recipe_file, help=about)
    task = find(chosen.task or name) if verb in OF_TASKS else None
    module = importlib.import_module(f"convert.verbs.{verb.replace('-', '_')}")
    module.add_arguments(parser, task)
    if shared and task and verb != "train":
        trained = Parser(add_help=False)
        importlib.import_module("convert.verbs.train").add_arguments(trained, task)
        shared = {key: shared[key] for key in shared if key in _options(parser) or key not in _options(trained)}
    _apply(parser, shared | own, chosen.recipe)
    return module, task, parser.parse_args(argv[1:])


def _read_recipe(path: Path, verb: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a recipe says to every verb, and what to this one."""
    says = "a recipe is a mapping of option names to values"
    recipe = read_mapping(path, says)
    own = recipe.get(verb) or {}
    if not isinstance(own, dict):
        raise UsageError(f"{path}: {verb}: {says}")
    shared = {key: value for key, value in recipe.items() if key not in OF_TASKS}
    return _expanded(shared), _expanded(own)


def _expanded(recipe: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("-", "_"): _expand(value) for key, value in recipe.items()}


def _expand(value: Any) -> Any:
    if isinstance(value, list):
        return [_expand(item) for item in value]
    return os.path.expandvars(value) if isinstance(value, str) else value


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {
        name.lstrip("-").replace("-", "_"): action
        for action in parser._actions
        for name in action.option_strings or [action.dest]
        if action.dest != "help"
    }


def _apply(parser: argparse.ArgumentParser, recipe: dict[str, Any], path: Path | None) -> None:
    """Make the recipe's values the parser's defaults, through each option's own type and choices."""
    actions = _options(parser)
    for key, value in recipe.items():
        action = actions.get(key)
        if action is None:
            raise UsageError(f"{path}: no option {key!r} here; known are {', '.join(sorted(actions))}")
        parsed = _parsed(action, value, f"{path}: {key}")
        parser.set_defaults(**{action.dest: parsed})
        action.required = False


def _parsed(action: argparse.Action, value: Any, where: str) -> Any:
    several = action.nargs in {"+", "*"}
    if isinstance(value, list) or (several and value is not None):
        if not several:
            raise UsageError(f"{where}: one value is expected, not a list")
        return [_one(action, item, where) for item in (value if isinstance(value, list) else [value])]
    return _one(action, value, where)


def _one(action: argparse.Action, value: Any, where: str) -> Any:
    if value is None:
        raise UsageError(f"{where}: has no value; remove the line instead")
    if isinstance(value, bool) != (action.nargs == 0):
        says = (
            "neither true nor false" if action.nargs == 0 else "not a valid value; put words like yes and on in quotes"
        )
        raise UsageError(f"{where}: {value!r} is {says}")
    if action.type is not None and action.nargs != 0:
        try:
            value = action.type(str(value))  # type: ignore[operator]
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{where}: {error}") from None
        except ValueError:
            raise UsageError(f"{where}: {value!r} is not valid") from None
    if action.choices is not None and value not in action.choices:
        raise UsageError(f"{where}: {value!r} is none of {', '.join(map(str, action.choices))}")
    return value
