-- Purchases of all accounts by time, for operators: only purchases have an authorization.
create index activity_purchase on activity (currency, occurred_at_micros) where authorization_id is not null;
create index activity_purchase_latest on activity (occurred_at_micros) where authorization_id is not null;
