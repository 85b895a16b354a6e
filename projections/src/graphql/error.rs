//! Errors as callers see them: a stable `extensions.code`, and nothing of the inside.

use std::sync::Arc;

use async_graphql::{Error, ErrorExtensionValues, ErrorExtensions, ServerError};
use tracing::error;

use crate::store::StoreError;

/// What `extensions.code` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    BadUserInput,
    NotFound,
    NotEnabled,
    VersionNotYetVisible,
    LimitExceeded,
    Unavailable,
    Internal,
}

impl Code {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::NotFound => "NOT_FOUND",
            Self::NotEnabled => "NOT_ENABLED",
            Self::VersionNotYetVisible => "VERSION_NOT_YET_VISIBLE",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// Puts it on an error that was not made here.
    pub(crate) fn mark(self, error: &mut ServerError) {
        error
            .extensions
            .get_or_insert_with(ErrorExtensionValues::default)
            .set("code", self.name());
    }
}

/// Why a field has no answer.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    BadUserInput(String),
    NotFound(&'static str),
    /// Something that an operator has to switch on.
    NotEnabled(&'static str),
    VersionNotYetVisible {
        wanted: i64,
        seen: i64,
    },
    LimitExceeded(String),
    /// Everybody whose rows were to be read together has it.
    Store(Arc<StoreError>),
    /// A row that this version cannot read; says which.
    Row(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(Arc::new(StoreError::from(error)))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.to_error()
    }
}

impl Failure {
    /// Logged here, where it leaves the bank; the caller is told what concerns them.
    pub(crate) fn to_error(&self) -> Error {
        match self {
            Self::BadUserInput(message) => coded(message, Code::BadUserInput),
            Self::NotFound(what) => coded(format!("there is no such {what}"), Code::NotFound),
            Self::NotEnabled(what) => coded(format!("{what} are not switched on here"), Code::NotEnabled),
            Self::LimitExceeded(message) => coded(message, Code::LimitExceeded),
            Self::VersionNotYetVisible { wanted, seen } => {
                let (wanted, seen) = (*wanted, *seen);
                let message =
                    format!("version {wanted} is not visible yet; the account shows version {seen}");
                coded(message, Code::VersionNotYetVisible).extend_with(|_, extensions| {
                    extensions.set("versionSeen", seen);
                    extensions.set("versionWanted", wanted);
                })
            }
            Self::Store(error) => match &**error {
                StoreError::Unavailable(source) => {
                    error!(
                        error = source as &dyn std::error::Error,
                        "a query found the read store away"
                    );
                    coded(
                        "the bank's records are out of reach; try again",
                        Code::Unavailable,
                    )
                }
                other => {
                    error!(error = other as &dyn std::error::Error, "a query failed");
                    coded("this cannot be answered", Code::Internal)
                }
            },
            Self::Row(what) => {
                error!(what, "a row of a read model cannot be read");
                coded("this cannot be answered", Code::Internal)
            }
        }
    }
}

fn coded(message: impl Into<String>, code: Code) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.name()))
}
