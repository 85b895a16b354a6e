//! The handler over gRPC, with the contract's generated server on the bank's own connections.

use anyhow::{Context, Result};
use command_api::grpc::accept;
use proto::codebank::v1;
use proto::codebank::v1::authorization_service_server::{AuthorizationService, AuthorizationServiceServer};
use proto::codebank::v1::authorize_batch_result::Outcome;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::{Request, Response, Status, async_trait};

use super::handler::Handler;

pub(super) async fn serve(listener: TcpListener, handler: Handler) -> Result<()> {
    Server::builder()
        .add_service(AuthorizationServiceServer::new(handler))
        .serve_with_incoming(accept(listener))
        .await
        .context("the gRPC face")
}

#[async_trait]
impl AuthorizationService for Handler {
    async fn authorize(
        &self,
        request: Request<v1::AuthorizeRequest>,
    ) -> Result<Response<v1::AuthorizeResponse>, Status> {
        let authorization = Self::authorize(self, request.into_inner()).await?;
        Ok(Response::new(v1::AuthorizeResponse {
            authorization: Some(authorization),
        }))
    }

    /// One after the other: only what is decided in memory is measured in this way.
    async fn authorize_batch(
        &self,
        request: Request<v1::AuthorizeBatchRequest>,
    ) -> Result<Response<v1::AuthorizeBatchResponse>, Status> {
        let purchases = request.into_inner().requests;
        let mut results = Vec::with_capacity(purchases.len());
        for purchase in purchases {
            let authorization = Self::authorize(self, purchase).await?;
            results.push(v1::AuthorizeBatchResult {
                outcome: Some(Outcome::Authorization(authorization)),
                replayed: false,
            });
        }
        Ok(Response::new(v1::AuthorizeBatchResponse { results }))
    }

    async fn get_outcome(
        &self,
        _request: Request<v1::GetOutcomeRequest>,
    ) -> Result<Response<v1::GetOutcomeResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
