"""How the networks that see (detector, landmarks, eyes, mouth) are made."""
