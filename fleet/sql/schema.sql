-- Everything the fleet side keeps. PostgreSQL 14 or later (multiranges). Safe to run again.
-- Unknown is null, never 0 or false. No picture, no expression, no name of a person.

-- One row a start of a node: which numbers have come. A hole is an event lost or still under way.
CREATE TABLE IF NOT EXISTS runs (
    node text NOT NULL,
    run text NOT NULL,               -- '' where a node says none
    first_at timestamptz NOT NULL,   -- orders the runs of a node
    received int8multirange NOT NULL DEFAULT '{}',
    PRIMARY KEY (node, run)
) WITH (fillfactor = 50);

-- One row a phase of an event. `at` is the node's time where it can be believed, else the arrival.
CREATE TABLE IF NOT EXISTS events (
    node text NOT NULL,
    run text NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    id text NOT NULL,
    category text NOT NULL,
    event_type text NOT NULL,
    phase text NOT NULL,
    level text NOT NULL,
    held_s real NOT NULL,
    time_ok boolean NOT NULL,
    historical boolean NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (node, run, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS events_at ON events USING brin (at);
CREATE INDEX IF NOT EXISTS events_node_at ON events (node, at);

CREATE TABLE IF NOT EXISTS states (
    node text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    time_ok boolean NOT NULL,
    paused boolean NOT NULL,
    present boolean,
    level text,
    open_events text[] NOT NULL,     -- event types, with their levels in open_levels
    open_levels text[] NOT NULL,
    eyes_closed boolean,
    eyes_down boolean,
    openness real,                   -- 0 shut to 1 as usual
    closure_s real,
    perclos real,                    -- 0 to 1
    coverage real,                   -- 0 to 1
    blinks_per_min real,
    yawns smallint,
    yaw real, pitch real, roll real, -- degrees from straight ahead
    gaze_yaw real, gaze_pitch real,
    looking text,
    faces integer,
    lens text,
    fps real,
    degraded_rate boolean,
    calibrated boolean,
    PRIMARY KEY (node, at)
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS states_at ON states USING brin (at);

-- The last word on each retained topic, what a broker would give a new subscriber.
CREATE TABLE IF NOT EXISTS retained (
    node text NOT NULL,
    topic text NOT NULL CHECK (topic IN ('status', 'camera', 'info', 'stats')),
    received_at timestamptz NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (node, topic)
) WITH (fillfactor = 50);

-- Readings of the machine over time, from `stats`.
CREATE TABLE IF NOT EXISTS health (
    node text NOT NULL,
    at timestamptz NOT NULL,
    fps real,
    latency_ms_p95 real,
    cpu_percent real,
    memory_mb real,
    temperature_c real,
    throttled boolean,
    outbox_waiting bigint,
    PRIMARY KEY (node, at)
) PARTITION BY RANGE (at);

-- What could not be kept as what it wants to be, with the reason.
CREATE TABLE IF NOT EXISTS dead_letters (
    at timestamptz NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    node text,
    topic text NOT NULL,
    reason text NOT NULL,
    payload bytea NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS dead_letters_at ON dead_letters (at);

-- Who has been enrolled, and since when; a revoked node's history stays until it is erased.
CREATE TABLE IF NOT EXISTS enrolled (
    node text PRIMARY KEY,
    enrolled_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
