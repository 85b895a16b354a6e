-- One index for both questions, the purchases of a currency within a time and the latest of all: each costs every purchase.
create index activity_purchase_time on activity (occurred_at_micros, currency) where authorization_id is not null;
drop index activity_purchase;
drop index activity_purchase_latest;
