"""Where states and events go."""
