"""One module a task, each with ``add_arguments(parser, verb)`` and ``run(verb, args)``."""
