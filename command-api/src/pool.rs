//! What the write side's pools of PostgreSQL connections have in common.

use sqlx::postgres::PgConnectOptions;

/// Every query here goes through an index, whatever its parameters.
const PLANS: [(&str, &str); 3] = [
    // A plan made while the table was small must not be kept when it is not.
    ("enable_seqscan", "off"),
    // Made anew for each batch, it costs as much as a few rows.
    ("plan_cache_mode", "force_generic_plan"),
    // Where a plan has no index after all, it is not to be compiled on top of that.
    ("jit", "off"),
];

/// These connections, with the plans that suit them.
pub(crate) fn planned(connections: PgConnectOptions) -> PgConnectOptions {
    connections.options(PLANS)
}
