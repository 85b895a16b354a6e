-- Up to where the relay has published the events, per topic, and the accounts it holds back because an event of theirs cannot
-- be published as it stands. Progress goes on without those, so their rows are all that tells what is missing.
create table relay_progress (
    topic text primary key,
    transaction_id bigint not null constraint relay_progress_transaction_id_is_counted check (transaction_id >= 0),
    position bigint not null constraint relay_progress_position_is_counted check (position >= 0),
    stored_at timestamptz not null default now()
);

create table relay_held_accounts (
    topic text not null,
    account_id uuid not null,
    -- The first event that is not published.
    sequence bigint not null constraint relay_held_accounts_sequence_starts_at_one check (sequence >= 1),
    reason text not null,
    held_at timestamptz not null default now(),
    primary key (topic, account_id)
);
