-- The read models in PostgreSQL. Everything here can be dropped and rebuilt from the event log.
-- Ids are compared byte by byte (collate "C"): they are no words of a language, and it is several times faster.

create table projection_checkpoint (
    projection text collate "C" not null,
    feed_partition bigint not null,
    next_offset bigint not null,
    stopped_event_id text,
    stopped_reason text,
    primary key (projection, feed_partition),
    constraint projection_checkpoint_next_offset check (next_offset >= 0),
    constraint projection_checkpoint_stopped check ((stopped_event_id is null) = (stopped_reason is null))
);

-- How far each account is applied: the version that every answer carries.
create table account_version (
    account_id text collate "C" primary key,
    version bigint not null,
    constraint account_version_positive check (version > 0)
) with (fillfactor = 70);

create table account_balance (
    account_id text collate "C" primary key,
    status text not null,
    currency text not null,
    closing_day bigint not null,
    opened_at_micros bigint not null,
    credit_limit_minor bigint not null,
    outstanding_minor bigint not null,
    constraint account_balance_status check (status in ('open', 'closed')),
    constraint account_balance_closing_day check (closing_day between 1 and 28),
    constraint account_balance_credit_limit check (credit_limit_minor >= 0),
    constraint account_balance_outstanding check (outstanding_minor >= 0)
) with (fillfactor = 70);

create table card (
    account_id text collate "C" not null,
    card_id text collate "C" not null,
    last_four text not null,
    expiry_year bigint not null,
    expiry_month bigint not null,
    status text not null,
    issued_version bigint not null,
    primary key (account_id, card_id),
    constraint card_status check (status in ('issued', 'active', 'blocked', 'cancelled'))
);

create table activity (
    account_id text collate "C" not null,
    version bigint not null,
    kind text collate "C" not null,
    occurred_at_micros bigint not null,
    card_id text collate "C",
    card_last_four text,
    authorization_id text,
    amount_minor bigint,
    credit_limit_minor bigint,
    currency text,
    merchant_id text collate "C",
    merchant_name text,
    mcc text,
    description text,
    search_text text,
    decline_reason text,
    cycle text,
    primary key (account_id, version)
);

create table statement (
    account_id text collate "C" not null,
    cycle text collate "C" not null,
    opens_on text not null,
    closes_on text not null,
    due_on text not null,
    currency text not null,
    total_minor bigint not null,
    line_count bigint not null,
    primary key (account_id, cycle),
    constraint statement_total check (total_minor > 0),
    constraint statement_line_count check (line_count > 0)
) with (fillfactor = 70);

create table statement_line (
    account_id text collate "C" not null,
    cycle text collate "C" not null,
    version bigint not null,
    occurred_at_micros bigint not null,
    card_id text collate "C" not null,
    card_last_four text not null,
    authorization_id text not null,
    amount_minor bigint not null,
    currency text not null,
    merchant_id text collate "C" not null,
    merchant_name text not null,
    mcc text not null,
    description text not null,
    search_text text not null,
    primary key (account_id, cycle, version),
    constraint statement_line_amount check (amount_minor > 0)
);

create table merchant_spend (
    account_id text collate "C" not null,
    cycle text collate "C" not null,
    merchant_id text collate "C" not null,
    merchant_name text not null,
    mcc text not null,
    currency text not null,
    purchase_count bigint not null,
    amount_minor bigint not null,
    last_version bigint not null,
    last_purchase_at_micros bigint not null,
    primary key (account_id, cycle, merchant_id),
    constraint merchant_spend_count check (purchase_count > 0),
    constraint merchant_spend_amount check (amount_minor > 0)
) with (fillfactor = 70);
