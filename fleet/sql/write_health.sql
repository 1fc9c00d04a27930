INSERT INTO health
SELECT m.node, m.at, s.fps, s.latency_ms_p95, s.cpu_percent, s.memory_mb, s.temperature_c,
    CASE jsonb_typeof(s.throttled) WHEN 'boolean' THEN s.throttled::boolean END, (s.outbox ->> 'waiting')::bigint
FROM jsonb_to_recordset(%(rows)s::jsonb) AS m(kind text, node text, at timestamptz, body jsonb),
    jsonb_to_record(m.body) AS s(fps real, latency_ms_p95 real, cpu_percent real, memory_mb real, temperature_c real,
        throttled jsonb, outbox jsonb)
WHERE m.kind = 'stats'
ORDER BY m.node, m.at
ON CONFLICT DO NOTHING
