"""Every source, against real files, servers and programs."""
