INSERT INTO states
SELECT m.node, m.at, m.received, s.time_ok, s.paused, s.present, s.level,
    ARRAY(SELECT e ->> 'event_type' FROM jsonb_array_elements(s.open_events) AS e),
    ARRAY(SELECT e ->> 'level' FROM jsonb_array_elements(s.open_events) AS e),
    s.eyes_closed, s.eyes_down, s.openness, s.closure_s, s.perclos, s.coverage, s.blinks_per_min, s.yawns,
    s.yaw, s.pitch, s.roll, s.gaze_yaw, s.gaze_pitch, s.looking, s.faces, s.lens, s.fps, s.degraded_rate,
    s.calibration ->> 'state' = 'calibrated'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS m(node text, received timestamptz, at timestamptz, body jsonb),
    jsonb_to_record(m.body) AS s(time_ok boolean, paused boolean, present boolean, level text, open_events jsonb,
        eyes_closed boolean, eyes_down boolean, openness real, closure_s real, perclos real, coverage real,
        blinks_per_min real, yawns smallint, yaw real, pitch real, roll real, gaze_yaw real, gaze_pitch real,
        looking text, faces integer, lens text, fps real, degraded_rate boolean, calibration jsonb)
ORDER BY m.node, m.at
ON CONFLICT DO NOTHING
