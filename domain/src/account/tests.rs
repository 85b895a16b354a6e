//! Scenario tables: what happened before, what is asked, and the exact answer. Mostly refusals, for they are most of the rules.

mod accounts;
mod cards;
mod damaged;
mod ladder;
mod purchases;
mod scenario;
mod state_format;
