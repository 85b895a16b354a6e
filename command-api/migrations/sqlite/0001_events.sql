-- The events: sqlite-es's own table, with columns added that have a default, so that sqlite-es goes on working on it.
-- A row's position is its rowid. One writer at a time gets the highest one plus one, and no row is ever deleted, so that
-- positions are without gaps and in the order of commits, and a vacuum has nothing to renumber.
create table events (
    aggregate_type text not null,
    -- In one spelling only: the id is also text in the event's id.
    aggregate_id text not null constraint events_aggregate_id_is_a_uuid check (
        aggregate_id like '________-____-____-____-____________'
        and length(unhex(aggregate_id, '-')) = 16
        and aggregate_id = lower(aggregate_id)
    ),
    sequence integer not null constraint events_sequence_starts_at_one check (sequence >= 1),
    event_type text not null,
    event_version text not null,
    payload text not null constraint events_payload_is_json check (json_valid(payload)),
    metadata text not null constraint events_metadata_is_json check (json_valid(metadata)),
    recorded_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    -- The request that this event answered, on the last event of the request.
    request_id text constraint events_request_id_is_a_uuid check (
        request_id like '________-____-____-____-____________' and length(unhex(request_id, '-')) = 16
    ),
    request_fingerprint blob constraint events_request_fingerprint_is_sha256 check (length(request_fingerprint) = 32),
    primary key (aggregate_type, aggregate_id, sequence),
    constraint events_request_key_is_whole check ((request_id is null) = (request_fingerprint is null))
) strict;

create unique index events_request_id on events (request_id) where request_id is not null;

create trigger events_are_kept before delete on events begin
    select raise(abort, 'events are kept for ever');
end;
