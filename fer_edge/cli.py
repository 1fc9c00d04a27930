"""The command line: finds the command, runs it, and turns every expected fault into one line."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from fer_edge import __version__
from fer_edge.command_line import Parser, close_output, no_command, of_output
from fer_edge.commands.catalogue import COMMANDS, command_parser, module

__all__ = ["COMMANDS", "main", "program"]


def program() -> NoReturn:
    """The installed command: :func:`main`, and then the end of the process."""
    try:
        code: object = main()
    except SystemExit as ended:
        code = ended.code
    if isinstance(code, int) and any(thread.daemon for thread in threading.enumerate()):
        # A thread that returns from a camera's driver while the interpreter is torn down would abort the process.
        logging.shutdown()
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)
    gc.freeze()  # the memory goes with the process: looking through it for garbage takes a sixth of a short command
    sys.exit(code)  # type: ignore[arg-type]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 fine, 1 failed at run time, 2 usage, 69 something needed is unavailable, 78 configuration.
    """
    _fill_in_closed_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _guarded(lambda: _carry_out(arguments))
    except KeyboardInterrupt:  # also while a command is imported, which takes a small board a second
        return 128 + signal.SIGINT


def _carry_out(arguments: list[str]) -> int:
    parser = _parser()
    name = next((word for word in arguments if not word.startswith("-")), None)
    if name in COMMANDS and arguments.index(name) == 0:
        # Only the command that runs is imported: --version and --help stay instant.
        return int(module(name).run(command_parser(name).parse_args(arguments[1:])) or 0)
    if name and name == arguments[0]:
        parser.error(no_command(name, COMMANDS))
    if name and arguments[0].partition("=")[0] in ("--config", "--set"):
        parser.error(f"{arguments[0]}: options come after the command, as in fer-edge run {arguments[0]} …")
    parser.parse_args(arguments)
    if name is None:
        parser.print_help(sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS)) + 2
    parser = Parser(
        prog="fer-edge",
        description="Driver monitoring on a small computer.",
        epilog="commands:\n"
        + "\n".join(f"  {name:{width}}{about}" for name, about in COMMANDS.items())
        + "\n\nfer-edge COMMAND --help shows the options and an example.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fer-edge {__version__}")
    parser.add_argument("command", nargs="?", choices=COMMANDS, metavar="COMMAND", help="one of the following")
    return parser


def _guarded(run: Callable[[], int]) -> int:
    from fer_edge.errors import FerEdgeError

    try:
        code = run()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing more to say, and nothing to complain about.
        close_output()
        return 0
    except FerEdgeError as fault:
        print(f"fer-edge: {fault}" if "\n" not in str(fault) else str(fault), file=sys.stderr)  # noqa: T201
        return fault.exit_code
    except Exception as fault:
        if "FER_EDGE_DEBUG" in os.environ:
            raise
        told = of_output(fault) or _of_rights(fault) or f"internal error: {_where(fault)}"
        print(f"fer-edge: {told}", file=sys.stderr)  # noqa: T201
        return 1


def _fill_in_closed_streams() -> None:
    """What >&- closed is None in Python, and ``file=None`` would put faults among the results."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _of_rights(fault: Exception) -> str | None:
    """Which file this user may not reach, if that is it: until Python 3.14 even ``Path.exists`` raises for it."""
    if isinstance(fault, PermissionError) and fault.filename:
        return f"{fault.filename}: permission denied; check its permissions and those of its folders"
    return None


def _where(fault: Exception) -> str:
    """A fault nobody expected, in one line that helps to report it."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = "" if trace is None else f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
    return f"{type(fault).__name__}: {' '.join(str(fault).split())}{at}; FER_EDGE_DEBUG=1 shows more; please report it"
