"""Where states and events go: houses side by side, each entered by its own door (the package's ``__init__``).

``mqtt`` publishes and answers, ``alarm`` sounds on this machine, ``traces`` keeps the signals around an event,
``files`` writes lines, ``subscriber`` is the other side. What they all speak lies beside them: ``payloads`` (values as
plain dictionaries), ``wire`` (those as bytes) and ``clock`` (when).
"""
