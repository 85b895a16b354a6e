//! What stands before the schema: texts that were read before are not read again, and errors that the GraphQL engine makes by
//! itself get a stable code: a query that cannot be read, is not of this schema, or asks for too much. What a resolver answers
//! has its code already.
//!
//! An extension of the engine could do the same, but the engine then prepares every field of every line for it.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Data, Request, Response, ServerError};
use futures::StreamExt;
use futures::stream::BoxStream;
use quick_cache::sync::Cache;

use super::{Code, Schema};

/// Texts that are remembered. Front ends have a handful of queries and send them with other variables each time.
const DOCUMENTS_MAX: usize = 256;
/// A longer text is read each time it comes.
const DOCUMENT_BYTES_MAX: usize = 4 * 1024;

/// Answers requests. Clones are one.
#[derive(Clone)]
pub(crate) struct Executor {
    schema: Schema,
    documents: Arc<Cache<String, ExecutableDocument>>,
}

impl Executor {
    pub(crate) fn new(schema: Schema) -> Self {
        Self {
            schema,
            documents: Arc::new(Cache::new(DOCUMENTS_MAX)),
        }
    }

    /// The request with its text read, if that can be had without trouble; what is wrong with a text the engine says.
    /// What the text asks for is held to the schema and the limits each time.
    fn read(&self, mut request: Request) -> Request {
        if let Some(document) = self.documents.get(&request.query) {
            request.set_parsed_query(document);
        } else if request.query.len() <= DOCUMENT_BYTES_MAX
            && let Ok(document) = request.parsed_query().cloned()
        {
            self.documents.insert(request.query.clone(), document);
        }
        request
    }
}

impl async_graphql::Executor for Executor {
    async fn execute(&self, request: Request) -> Response {
        coded(self.schema.execute(self.read(request)).await)
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let responses = self
            .schema
            .execute_stream_with_session_data(self.read(request), session.unwrap_or_default());
        responses.map(coded).boxed()
    }
}

fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let has_code = error
            .extensions
            .as_ref()
            .is_some_and(|extensions| extensions.get("code").is_some());
        if !has_code {
            code_of(error).mark(error);
        }
    }
    response
}

/// The engine has no codes of its own, so its words must do; a test holds it to them.
fn code_of(error: &ServerError) -> Code {
    let limits = [
        "Query is too complex.",
        "Query is nested too deep.",
        "The recursion depth of the query",
        "recursion limit exceeded.",
        "The number of directives",
    ];
    if limits.iter().any(|limit| error.message.contains(limit)) {
        Code::LimitExceeded
    } else {
        Code::BadUserInput
    }
}
