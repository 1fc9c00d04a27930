"""The fleet side: what many nodes say, kept in PostgreSQL, on engines that exist.

Brokers, storage, metrics and pictures are others' work (RabbitMQ, PostgreSQL, Prometheus, Grafana). Here are
the glue (:mod:`fleet.ingest`), the schema (``sql/``), the simulator and the proof.
"""
