"""Whole nodes without cameras: the product's own monitoring, outbox and publisher over simulated drives.

It knows what every node has said, and checks the database against it.
"""
