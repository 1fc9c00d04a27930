"""JSON Schemas and the AsyncAPI document of all that is published; ``python -m fer_edge.schemas`` updates them."""
