//! One statement text for two databases: each macro writes the same sqlx call for both, so that rows, binds and errors keep
//! their types without a layer that converts every value (`sqlx::Any`).

/// Rows of a query outside a transaction.
macro_rules! all {
    ($store:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &$store.pool {
            $crate::store::Pool::Postgres(db) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(db).await,
            $crate::store::Pool::Sqlite(db) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(db).await,
        }
    };
}

/// At most one row of a query outside a transaction.
macro_rules! optional {
    ($store:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &$store.pool {
            $crate::store::Pool::Postgres(db) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(db).await,
            $crate::store::Pool::Sqlite(db) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(db).await,
        }
    };
}

/// A statement outside a transaction; gives the number of rows it touched.
macro_rules! execute {
    ($store:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &$store.pool {
            $crate::store::Pool::Postgres(db) => sqlx::query($sql)$(.bind($bind))*.execute(db).await.map(|done| done.rows_affected()),
            $crate::store::Pool::Sqlite(db) => sqlx::query($sql)$(.bind($bind))*.execute(db).await.map(|done| done.rows_affected()),
        }
    };
}

/// Rows of a query inside a transaction.
macro_rules! all_in {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::Tx::Postgres(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(&mut **tx).await,
            $crate::store::Tx::Sqlite(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(&mut **tx).await,
        }
    };
}

/// A statement inside a transaction; gives the number of rows it touched.
macro_rules! execute_in {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::Tx::Postgres(tx) => sqlx::query($sql)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected()),
            $crate::store::Tx::Sqlite(tx) => sqlx::query($sql)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected()),
        }
    };
}

pub(crate) use {all, all_in, execute, execute_in, optional};
