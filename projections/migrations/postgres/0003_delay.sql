-- The last event that a read model applied in a partition: when it happened, and when it was applied. Null before the first, and
-- where a program that does not know these columns applied it.
alter table projection_checkpoint
    add column event_time_micros bigint,
    add column applied_at_micros bigint,
    add constraint projection_checkpoint_times check ((event_time_micros is null) = (applied_at_micros is null));
