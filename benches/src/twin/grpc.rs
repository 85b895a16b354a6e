//! The handler over gRPC, with the contract's generated server on the bank's own connections.

use anyhow::{Context, Result};
use command_api::grpc::accept;
use proto::codebank::v1;
use proto::codebank::v1::authorization_service_server::{AuthorizationService, AuthorizationServiceServer};
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

    async fn authorize_batch(
        &self,
        _request: Request<v1::AuthorizeBatchRequest>,
    ) -> Result<Response<v1::AuthorizeBatchResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn get_outcome(
        &self,
        _request: Request<v1::GetOutcomeRequest>,
    ) -> Result<Response<v1::GetOutcomeResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
