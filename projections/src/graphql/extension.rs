//! Gives a stable code to the errors that the GraphQL engine makes by itself: a query that cannot be read, is not of this
//! schema, or asks for too much. What a resolver answers has its code already.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest, NextSubscribe};
use async_graphql::{ErrorExtensionValues, Response, ServerError, async_trait};
use futures::StreamExt;
use futures::stream::BoxStream;

use super::Code;

#[derive(Debug)]
pub(crate) struct StableCodes;

impl ExtensionFactory for StableCodes {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for StableCodes {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        coded(next.run(ctx).await)
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        next.run(ctx, stream).map(coded).boxed()
    }
}

fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let has_code = error
            .extensions
            .as_ref()
            .is_some_and(|extensions| extensions.get("code").is_some());
        if !has_code {
            let code = code_of(error);
            let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
            extensions.set("code", code.name());
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
