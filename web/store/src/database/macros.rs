//! One statement text for two databases: each macro writes the same sqlx call for both, so that rows, binds and errors keep their types.

/// Rows of a query outside a transaction.
macro_rules! all {
    ($database:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &$database.pool {
            $crate::database::Pool::Postgres(pool) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(pool).await,
            $crate::database::Pool::Sqlite(pool) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(pool).await,
        }
    };
}

/// At most one row of a query outside a transaction.
macro_rules! optional {
    ($database:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &$database.pool {
            $crate::database::Pool::Postgres(pool) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(pool).await,
            $crate::database::Pool::Sqlite(pool) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(pool).await,
        }
    };
}

/// A statement outside a transaction; gives the number of rows it touched.
macro_rules! execute {
    ($database:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &$database.pool {
            $crate::database::Pool::Postgres(pool) => sqlx::query($sql)$(.bind($bind))*.execute(pool).await.map(|done| done.rows_affected()),
            $crate::database::Pool::Sqlite(pool) => sqlx::query($sql)$(.bind($bind))*.execute(pool).await.map(|done| done.rows_affected()),
        }
    };
}

/// Rows of a query inside a transaction.
macro_rules! rows_in {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::database::Tx::Postgres(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(&mut **tx).await,
            $crate::database::Tx::Sqlite(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(&mut **tx).await,
        }
    };
}

/// At most one row of a query inside a transaction.
macro_rules! optional_in {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::database::Tx::Postgres(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(&mut **tx).await,
            $crate::database::Tx::Sqlite(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(&mut **tx).await,
        }
    };
}

/// A statement inside a transaction; gives the number of rows it touched.
macro_rules! execute_in {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::database::Tx::Postgres(tx) => sqlx::query($sql)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected()),
            $crate::database::Tx::Sqlite(tx) => sqlx::query($sql)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected()),
        }
    };
}

pub(crate) use {all, execute, execute_in, optional, optional_in, rows_in};
