-- The events: postgres-es's own table, with columns added that have a default, so that postgres-es goes on working on it.
-- It is also the outbox: readers follow it in the order of commits, which is that of (transaction_id, position) below the
-- oldest transaction still running. Position alone is given out before the commit, and is not.
create table events (
    aggregate_type text collate "C" not null,
    -- In one spelling only: the id is also text in the event's id.
    aggregate_id text collate "C" not null
        constraint events_aggregate_id_is_a_uuid check (aggregate_id::uuid::text = aggregate_id),
    sequence bigint not null constraint events_sequence_starts_at_one check (sequence >= 1),
    event_type text not null,
    event_version text not null,
    -- json, not jsonb: the text is kept as it was written.
    payload json not null,
    metadata json not null,
    position bigint not null generated always as identity,
    transaction_id xid8 not null default pg_current_xact_id(),
    recorded_at timestamptz not null default clock_timestamp(),
    -- The request that this event answered, on the last event of the request.
    request_id uuid,
    request_fingerprint bytea
        constraint events_request_fingerprint_is_sha256 check (octet_length(request_fingerprint) = 32),
    constraint events_stream_sequence primary key (aggregate_type, aggregate_id, sequence),
    constraint events_request_key_is_whole check ((request_id is null) = (request_fingerprint is null))
);

create unique index events_request_id on events (request_id) where request_id is not null;

create unique index events_commit_order on events (transaction_id, position);
