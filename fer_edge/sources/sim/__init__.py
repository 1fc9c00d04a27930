"""The simulated driver: a photographed face that acts out a script, with the truth of every moment."""
