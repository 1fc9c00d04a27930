"""Training tools: train, quantize, evaluate and inspect the models fer-edge ships, and yours."""
