-- The newest state kept of a stream, so that not all of its events have to be replayed. A cache: it may be emptied at any time.
create table snapshots (
    stream_type text collate "C" not null,
    stream_id uuid not null,
    -- The form of the state. A program reads none but its own.
    format integer not null,
    -- The last event that the state includes, and what tells that event from another that came to stand in its place.
    sequence bigint not null constraint snapshots_sequence_starts_at_one check (sequence >= 1),
    request_id uuid,
    recorded_at timestamptz not null,
    state json not null,
    constraint snapshots_one_per_stream primary key (stream_type, stream_id)
);
