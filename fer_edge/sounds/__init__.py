"""The alarm's sounds, one for each level; made by ``python -m fer_edge.sounds`` and shipped."""
