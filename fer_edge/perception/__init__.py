"""Pixels to numbers: faces, landmarks, eyes, mouth, head pose, expression."""
