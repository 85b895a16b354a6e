-- The tables of postgres-es 0.5, as its db/init.sql has them.
create table if not exists events (
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint check (sequence >= 0) not null,
    event_type text not null,
    event_version text not null,
    payload json not null,
    metadata json not null,
    primary key (aggregate_type, aggregate_id, sequence)
);

create table if not exists snapshots (
    aggregate_type text not null,
    aggregate_id text not null,
    last_sequence bigint check (last_sequence >= 0) not null,
    current_snapshot bigint check (current_snapshot >= 0) not null,
    payload json not null,
    primary key (aggregate_type, aggregate_id, last_sequence)
);

-- The one thing added: the request id that a command brought in its metadata is found again, and is used once.
create unique index if not exists events_request_id on events ((metadata ->> 'request_id'));
