"""The running daemon: the only place where everything is put together."""
