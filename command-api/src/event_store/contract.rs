//! What every event log must do: one suite, run on both adapters, each case on a database of its own. What only one of them
//! can be asked is in the files named after them.

mod commit_order;
mod compatibility;
mod conflicts;
mod crashes;
mod damage;
mod given;
mod histories;
mod order;
mod out_of_reach;
mod plans;
mod requests;
mod restored;
mod snapshots;

/// Makes a test on each adapter of every case.
macro_rules! on_both {
    ($($file:ident::$case:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let given = super::given::Given::sqlite().await;
                    super::$file::$case(&given).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let server = test_support::require!(postgres);
                    let given = super::given::Given::postgres(&server).await;
                    super::$file::$case(&given).await;
                }
            )*
        }
    };
}

on_both! {
    order::events_come_back_as_they_were_appended,
    order::streams_are_loaded_from_where_the_reader_is,
    order::the_log_is_read_in_pages_without_a_gap,
    order::one_call_takes_many_streams,
    conflicts::a_stale_append_does_not_hold_up_its_neighbours,
    conflicts::several_appends_to_one_stream_follow_each_other,
    conflicts::what_follows_an_append_that_was_refused_is_refused,
    conflicts::an_append_is_recorded_whole_or_not_at_all,
    conflicts::no_append_makes_a_gap,
    conflicts::writers_of_one_stream_lose_nothing,
    conflicts::writers_of_the_same_streams_in_other_orders_do_not_block_each_other,
    requests::a_repeat_is_given_the_event_that_answered_first,
    requests::a_repeat_with_another_body_is_given_the_first_ones_key,
    requests::a_request_id_is_taken_whatever_its_stream,
    requests::a_request_id_that_comes_twice_in_one_call_is_decided_again,
    requests::a_request_that_comes_many_times_at_once_is_recorded_once,
    requests::a_request_that_nobody_made_is_not_found,
    crashes::an_answer_that_was_lost_is_found_by_its_request,
    crashes::an_append_dropped_at_any_moment_is_recorded_whole_or_not_at_all,
    damage::a_damaged_event_is_found_when_it_is_opened_and_takes_no_other_along,
    damage::rows_that_cannot_be_events_are_not_let_in,
    out_of_reach::a_log_that_is_closed_says_so,
    snapshots::a_snapshot_comes_back_as_it_was_stored,
    snapshots::a_snapshot_moves_forward_only,
    snapshots::a_snapshot_in_another_form_takes_its_place,
    snapshots::one_call_stores_many,
    snapshots::a_snapshot_knows_the_event_it_was_taken_at,
    histories::any_history_agrees_with_a_naive_log,
    compatibility::cqrs_es_runs_on_the_log,
    compatibility::a_damaged_history_is_not_acted_upon,
    compatibility::the_crate_whose_table_it_is_reads_and_writes_it,
}
