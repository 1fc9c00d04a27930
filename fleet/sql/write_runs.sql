-- Takes hold of the runs in a fixed order, so that workers wait for each other and never in a circle.
INSERT INTO runs AS r (node, run, first_at)
SELECT m.node, coalesce(m.body ->> 'run', ''), min(m.at)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS m(node text, at timestamptz, body jsonb)
GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (node, run) DO UPDATE SET first_at = least(r.first_at, excluded.first_at)
