//! What the gRPC library itself answers, brought into the form of our own answers: a code that says whose fault it is, and
//! an `ErrorInfo`.
//!
//! Every status of ours carries details; one without them is the library's.

use tonic::body::Body;
use tonic::codegen::http::Response;
use tonic::{Code, Status};

use super::layer::code_name;
use super::status;

/// The response itself, or the same failure explained.
pub(super) fn explained(response: Response<Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        Some(failure) if failure.code() != Code::Ok && failure.details().is_empty() => {
            explain(&failure).into_http()
        }
        Some(_) | None => response,
    }
}

fn explain(failure: &Status) -> Status {
    match failure.code() {
        // The library has OUT_OF_RANGE for it; the gRPC status guide and every other library RESOURCE_EXHAUSTED.
        Code::OutOfRange => status::plain(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", failure.message()),
        // A message that is cut off or no protobuf. The caller wrote it, whatever the library calls it.
        Code::Internal => status::plain(
            Code::InvalidArgument,
            "MESSAGE_UNREADABLE",
            "the message cannot be read as what this method takes",
        ),
        Code::Unimplemented => status::plain(
            Code::Unimplemented,
            "NOT_IMPLEMENTED",
            "there is no such method here",
        ),
        code => status::plain(code, code_name(code), failure.message()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    fn check(failure: Status, code: Code, reason: &str) {
        let response = explained(failure.into_http());
        let status = Status::from_header_map(response.headers()).expect("a status");
        assert_eq!(status.code(), code);
        let info = status.get_details_error_info().expect("always");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "codebank"));
    }

    #[test]
    fn the_librarys_failures_are_explained_and_ours_are_left_alone() {
        check(
            Status::out_of_range("too large"),
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
        );
        check(
            Status::internal("failed to decode"),
            Code::InvalidArgument,
            "MESSAGE_UNREADABLE",
        );
        check(Status::unimplemented(""), Code::Unimplemented, "NOT_IMPLEMENTED");
        check(Status::cancelled("gone"), Code::Cancelled, "CANCELLED");
        check(
            status::plain(Code::Internal, "OURS", "ours"),
            Code::Internal,
            "OURS",
        );
    }
}
