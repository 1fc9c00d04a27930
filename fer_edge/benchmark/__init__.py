"""What ``fer-edge benchmark`` measures, one kind of measurement a file."""
