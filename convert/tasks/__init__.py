"""Every network the training tools make, by name. A new one is a file here and a line in the table."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convert.tasks.base import Task

TASKS = ("expression", "detector", "landmarks", "eyes", "eyepair", "mouth")
"""A task is ``TASK`` of the module of its name."""


def find(name: str) -> Task:
    """The task of that name."""
    task: Task = importlib.import_module(f"convert.tasks.{name}").TASK
    return task
