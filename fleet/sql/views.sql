-- What people and programs read. Replaced at each `fleet migrate`.
DROP VIEW IF EXISTS vss, node_now, event_history, event_summary, gaps;

-- Events of a node in the order in which they happened: runs by their first event, then the node's own numbers.
CREATE VIEW event_history AS
SELECT e.*, r.first_at AS run_at
FROM events e JOIN runs r USING (node, run)
ORDER BY e.node, r.first_at, e.seq;

-- One row an event over its phases: its last type and highest level, how long it lasted.
CREATE VIEW event_summary AS
SELECT node, id, min(at) AS started_at, max(at) FILTER (WHERE phase = 'end') AS ended_at,
    (array_agg(category))[1] AS category,
    (array_agg(event_type ORDER BY seq DESC))[1] AS event_type,
    (array_agg(level ORDER BY array_position(ARRAY['info', 'advisory', 'warning', 'critical'], level) DESC))[1] AS level,
    max(held_s) AS held_s
FROM events GROUP BY node, id;

-- Numbers that are missing within a run.
CREATE VIEW gaps AS
SELECT node, run, first_at, lower(hole) AS first_missing, upper(hole) - 1 AS last_missing
FROM runs, unnest(int8multirange(range_merge(received)) - received) AS hole
WHERE NOT isempty(received);

-- Each node as it is now. `condition`: silent (nothing heard for 90 s), offline, blind, hot, else watching.
-- A state that waited in its queue may be read after the `offline` that followed it: it outweighs that for 90 s only.
CREATE VIEW node_now AS
SELECT n.node, s.at AS state_at, greatest(s.received_at, w.received_at) AS heard_at,
    w.status, w.camera, w.version, w.temperature_c, w.storage,
    s.level, s.present, s.lens, s.paused, s.open_events, s.open_levels, s.looking, s.eyes_closed, s.eyes_down,
    s.perclos, s.coverage, s.fps,
    CASE
        WHEN w.status = 'offline' AND coalesce(s.received_at, '-infinity') <= greatest(w.status_at, now() - interval '90 s')
            THEN 'offline'
        WHEN coalesce(greatest(s.received_at, w.received_at), '-infinity') < now() - interval '90 s' THEN 'silent'
        WHEN w.camera = 'offline' OR s.lens <> 'clear' OR 'view_degraded' = ANY (s.open_events) THEN 'blind'
        WHEN w.temperature_c >= 80 THEN 'hot'
        ELSE 'watching'
    END AS condition
FROM (
    SELECT node FROM enrolled UNION SELECT node FROM retained EXCEPT SELECT node FROM enrolled WHERE revoked_at IS NOT NULL
) n
LEFT JOIN LATERAL (
    SELECT max(received_at) AS received_at,
        max(body #>> '{}') FILTER (WHERE topic = 'status') AS status,
        max(received_at) FILTER (WHERE topic = 'status') AS status_at,
        max(body #>> '{}') FILTER (WHERE topic = 'camera') AS camera,
        max(body ->> 'version') FILTER (WHERE topic = 'info') AS version,
        max((body ->> 'temperature_c')::real) FILTER (WHERE topic = 'stats') AS temperature_c,
        max(body #>> '{outbox,storage}') FILTER (WHERE topic = 'stats') AS storage
    FROM retained r WHERE r.node = n.node
) w ON true
LEFT JOIN LATERAL (SELECT * FROM states t WHERE t.node = n.node ORDER BY t.at DESC LIMIT 1) s ON true;

-- COVESA's Vehicle Signal Specification, branch Vehicle.Driver and Vehicle.ADAS.DMS. Levels are percent, 0 to 100.
--  FatigueLevel: PERCLOS / 0.16, so that drowsy's limits of 8 % and 12 % read 50 and 75, at least what open events
--   say (microsleep 75; drowsy 50 or 75 by its level; sleep and unresponsive 100).
--  DistractionLevel: 0 while nothing is open; distracted: 50 advisory, 75 warning, 100 critical; lids down read null.
--  AttentiveProbability: 100 less the higher of the two: an index, not a calibrated probability.
--  IsEyesOnRoad: eyes open, not lowered, looking ahead. IsWarning: an open event of level warning or critical.
-- A node that is not watching knows nothing: every signal of the driver is null.
CREATE VIEW vss AS
SELECT node, state_at AS "timestamp",
    fatigue AS "Vehicle.Driver.FatigueLevel",
    distraction AS "Vehicle.Driver.DistractionLevel",
    100 - CASE WHEN 100 IN (fatigue, distraction) THEN 100
        WHEN fatigue IS NOT NULL AND distraction IS NOT NULL THEN greatest(fatigue, distraction)
    END AS "Vehicle.Driver.AttentiveProbability",
    CASE WHEN known THEN looking = 'ahead' AND NOT eyes_closed AND NOT eyes_down END AS "Vehicle.Driver.IsEyesOnRoad",
    CASE WHEN heard THEN NOT paused END AS "Vehicle.ADAS.DMS.IsEnabled",
    CASE WHEN known THEN level IN ('warning', 'critical') END AS "Vehicle.ADAS.DMS.IsWarning",
    CASE WHEN condition = 'blind' THEN true WHEN heard THEN camera = 'offline' END AS "Vehicle.ADAS.DMS.IsError"
FROM (
    SELECT *, condition NOT IN ('silent', 'offline') AS heard,
        condition NOT IN ('silent', 'offline', 'blind') AND NOT paused AND present AS known
    FROM node_now
) n, LATERAL (
    SELECT max(CASE
            WHEN e.type IN ('sleep', 'unresponsive') THEN 100
            WHEN e.type = 'microsleep' THEN 75
            WHEN e.type = 'drowsy' THEN CASE e.level WHEN 'critical' THEN 100 WHEN 'warning' THEN 75 ELSE 50 END
        END)::real AS fatigue_floor,
        max(CASE WHEN e.type = 'distracted'
            THEN CASE e.level WHEN 'critical' THEN 100 WHEN 'warning' THEN 75 ELSE 50 END END)::real AS distracted
    FROM unnest(n.open_events, n.open_levels) AS e(type, level)
) o, LATERAL (
    -- least and greatest pass null over, which must not make of it 100.
    SELECT CASE WHEN known THEN greatest(CASE WHEN perclos > 0.16 THEN 100 ELSE perclos / 0.16 * 100 END::real,
            fatigue_floor) END AS fatigue,
        CASE WHEN known THEN coalesce(distracted, CASE WHEN looking IS NOT NULL THEN 0 END)::real END AS distraction
) l;
