-- Keeps what has not come before, by node, run and seq, and remembers that it has.
WITH incoming AS (
    SELECT DISTINCT ON (m.node, coalesce(m.body ->> 'run', ''), e.seq)
        m.node, coalesce(m.body ->> 'run', '') AS run, m.at, m.received AS received_at, m.body, e.*
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS m(node text, received timestamptz, at timestamptz, body jsonb),
        jsonb_to_record(m.body) AS e(seq bigint, id text, category text, event_type text, phase text, level text,
            held_s real, time_ok boolean, historical boolean)
    ORDER BY 1, 2, e.seq, m.received
), kept AS (
    INSERT INTO events (node, run, seq, at, received_at, id, category, event_type, phase, level, held_s, time_ok,
        historical, body)
    SELECT i.node, i.run, i.seq, i.at, i.received_at, i.id, i.category, i.event_type, i.phase, i.level, i.held_s,
        i.time_ok, i.historical,
        i.body - '{v,id,seq,run,category,event_type,phase,level,held_s,time_ok,historical}'::text[]
    FROM incoming i JOIN runs r USING (node, run)
    WHERE NOT r.received @> i.seq
    RETURNING node, run, seq
), known AS (
    UPDATE runs r SET received = r.received + k.seqs
    FROM (SELECT node, run, range_agg(int8range(seq, seq, '[]')) AS seqs FROM kept GROUP BY 1, 2) k
    WHERE r.node = k.node AND r.run = k.run
)
SELECT count(*) FROM kept
