"""A drive as a picture or a page: what ``fer-edge replay --plot`` and ``--report`` write."""
