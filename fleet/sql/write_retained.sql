INSERT INTO retained AS r (node, topic, received_at, body)
SELECT DISTINCT ON (m.node, m.kind) m.node, m.kind, m.received, m.body
FROM jsonb_to_recordset(%(rows)s::jsonb) AS m(kind text, node text, received timestamptz, body jsonb)
ORDER BY m.node, m.kind, m.received DESC
ON CONFLICT (node, topic) DO UPDATE SET received_at = excluded.received_at, body = excluded.body
WHERE r.received_at <= excluded.received_at
