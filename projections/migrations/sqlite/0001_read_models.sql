-- The read models in SQLite. Everything here can be dropped and rebuilt from the event log.
-- The same tables as in PostgreSQL. Without rowid: the lines of one statement lie side by side.

create table projection_checkpoint (
    projection text not null,
    feed_partition integer not null,
    next_offset integer not null,
    stopped_event_id text,
    stopped_reason text,
    primary key (projection, feed_partition),
    constraint projection_checkpoint_next_offset check (next_offset >= 0),
    constraint projection_checkpoint_stopped check ((stopped_event_id is null) = (stopped_reason is null))
) strict, without rowid;

-- How far each account is applied: the version that every answer carries.
create table account_version (
    account_id text primary key,
    version integer not null,
    constraint account_version_positive check (version > 0)
) strict, without rowid;

create table account_balance (
    account_id text primary key,
    status text not null,
    currency text not null,
    closing_day integer not null,
    opened_at_micros integer not null,
    credit_limit_minor integer not null,
    outstanding_minor integer not null,
    constraint account_balance_status check (status in ('open', 'closed')),
    constraint account_balance_closing_day check (closing_day between 1 and 28),
    constraint account_balance_credit_limit check (credit_limit_minor >= 0),
    constraint account_balance_outstanding check (outstanding_minor >= 0)
) strict, without rowid;

create table card (
    account_id text not null,
    card_id text not null,
    last_four text not null,
    expiry_year integer not null,
    expiry_month integer not null,
    status text not null,
    issued_version integer not null,
    primary key (account_id, card_id),
    constraint card_status check (status in ('issued', 'active', 'blocked', 'cancelled'))
) strict, without rowid;

create table activity (
    account_id text not null,
    version integer not null,
    kind text not null,
    occurred_at_micros integer not null,
    card_id text,
    card_last_four text,
    authorization_id text,
    amount_minor integer,
    credit_limit_minor integer,
    currency text,
    merchant_id text,
    merchant_name text,
    mcc text,
    description text,
    search_text text,
    decline_reason text,
    cycle text,
    primary key (account_id, version)
) strict, without rowid;

create table statement (
    account_id text not null,
    cycle text not null,
    opens_on text not null,
    closes_on text not null,
    due_on text not null,
    currency text not null,
    total_minor integer not null,
    line_count integer not null,
    primary key (account_id, cycle),
    constraint statement_total check (total_minor > 0),
    constraint statement_line_count check (line_count > 0)
) strict, without rowid;

create table statement_line (
    account_id text not null,
    cycle text not null,
    version integer not null,
    occurred_at_micros integer not null,
    card_id text not null,
    card_last_four text not null,
    authorization_id text not null,
    amount_minor integer not null,
    currency text not null,
    merchant_id text not null,
    merchant_name text not null,
    mcc text not null,
    description text not null,
    search_text text not null,
    primary key (account_id, cycle, version),
    constraint statement_line_amount check (amount_minor > 0)
) strict, without rowid;

create table merchant_spend (
    account_id text not null,
    cycle text not null,
    merchant_id text not null,
    merchant_name text not null,
    mcc text not null,
    currency text not null,
    purchase_count integer not null,
    amount_minor integer not null,
    last_version integer not null,
    last_purchase_at_micros integer not null,
    primary key (account_id, cycle, merchant_id),
    constraint merchant_spend_count check (purchase_count > 0),
    constraint merchant_spend_amount check (amount_minor > 0)
) strict, without rowid;
