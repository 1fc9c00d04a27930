"""Parsers of command lines whose faults are one line, as all others are."""

from __future__ import annotations

import argparse
import difflib
import errno
import os
import sys
from collections.abc import Iterable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that names what is wrong and where the options stand, not all of them."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        # What is wrong with an option's value says itself what would be right.
        hint = "" if message.startswith("argument ") else f"; see {self.prog} --help"
        self.exit(2, f"{self.prog}: {' '.join(message.split())}{self._meant(message)}{hint}\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End, also after --help and --version: what cannot be written is raised here, not found as Python ends."""
        sys.stdout.flush()
        super().exit(status, message)

    def _meant(self, message: str) -> str:
        """The option that was probably meant by one that is none."""
        unknown = message.removeprefix("unrecognized arguments: ").split() if message.startswith("unrec") else []
        # Without the dashes, which all options have in common.
        names = [word[2:].partition("=")[0] for word in unknown if word.startswith("--")]
        known = [option[2:] for option in self._option_string_actions if option.startswith("--")]
        near = difflib.get_close_matches(names[0], known, 1) if names else []
        return f" (did you mean --{near[0]}?)" if near else ""


def no_command(name: str, commands: Iterable[str]) -> str:
    """What to say of a command that is none, with the one that was probably meant."""
    near = difflib.get_close_matches(name, commands, 1)
    return f"{name!r} is not a command{f' (did you mean {near[0]}?)' if near else ''}"


def close_output() -> None:
    """Python writes what is left when it ends, and would complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def of_output(fault: Exception) -> str | None:
    """What is wrong with the place that is written to, if that is it."""
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        close_output()
        return f"{fault.filename or 'output'}: cannot be written ({fault.strerror}); free some disk space"
    if isinstance(fault, UnicodeEncodeError):
        letter = fault.object[fault.start]
        return f"output: {letter!a} cannot be written in {fault.encoding}; set PYTHONIOENCODING=utf-8:backslashreplace"
    return None
