"""The workshop: trains, quantizes, evaluates and inspects the models fer-edge ships, and yours."""
