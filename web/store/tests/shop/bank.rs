//! A stub in the bank's place: it decides as it is told, remembers what it recorded, and can fall silent before or after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use proto::codebank::v1::authorization_service_server::{AuthorizationService, AuthorizationServiceServer};
use proto::codebank::v1::{
    Authorization, AuthorizeBatchRequest, AuthorizeBatchResponse, AuthorizeRequest, AuthorizeResponse,
    Decision, DeclineReason, GetOutcomeRequest, GetOutcomeResponse,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

pub(crate) const ACCOUNT: &str = "00000000-0000-7000-8000-000000000001";
pub(crate) const VERSION: u64 = 42;

/// What the bank does with the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Approves,
    Declines(DeclineReason),
    /// Records an approval and never answers the call.
    ApprovesInSilence,
    /// Neither records nor answers.
    Silent,
    /// Answers everything with UNAVAILABLE.
    Down,
    /// Cannot read the request.
    Refuses,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    asked: Vec<AuthorizeRequest>,
    recorded: HashMap<String, Authorization>,
}

#[derive(Debug, Clone)]
pub(crate) struct Bank(Arc<Mutex<State>>);

impl Bank {
    /// A bank that listens on a port of its own.
    pub(crate) async fn open() -> (Self, Channel) {
        let bank = Self(Arc::new(Mutex::new(State {
            mood: Mood::Approves,
            asked: Vec::new(),
            recorded: HashMap::new(),
        })));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = AuthorizationServiceServer::new(bank.clone());
        let server = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        let channel = Channel::from_shared(format!("http://{address}")).unwrap();
        (bank, channel.connect_lazy())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn feels(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// Every request for a charge that reached the bank.
    pub(crate) fn asked(&self) -> Vec<AuthorizeRequest> {
        self.state().asked.clone()
    }

    /// Charges behind the shop's back, as a request does that was held up on its way.
    pub(crate) fn records(&self, request_id: &str) {
        let authorization = authorization(Decision::Approved, DeclineReason::Unspecified);
        self.state().recorded.insert(request_id.to_owned(), authorization);
    }
}

fn authorization(decision: Decision, reason: DeclineReason) -> Authorization {
    Authorization {
        authorization_id: "authorization".to_owned(),
        decision: decision.into(),
        decline_reason: reason.into(),
        account_id: ACCOUNT.to_owned(),
        account_version: VERSION,
        ..Authorization::default()
    }
}

#[tonic::async_trait]
impl AuthorizationService for Bank {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let request = request.into_inner();
        let mood = {
            let mut state = self.state();
            state.asked.push(request.clone());
            state.mood
        };
        let decided = match mood {
            Mood::Approves | Mood::ApprovesInSilence => {
                authorization(Decision::Approved, DeclineReason::Unspecified)
            }
            Mood::Declines(reason) => authorization(Decision::Declined, reason),
            Mood::Silent => std::future::pending().await,
            Mood::Down => return Err(Status::unavailable("down")),
            Mood::Refuses => return Err(Status::invalid_argument("unreadable")),
        };
        self.state().recorded.insert(request.request_id, decided.clone());
        if mood == Mood::ApprovesInSilence {
            std::future::pending::<()>().await;
        }
        Ok(Response::new(AuthorizeResponse {
            authorization: Some(decided),
        }))
    }

    async fn authorize_batch(
        &self,
        _request: Request<AuthorizeBatchRequest>,
    ) -> Result<Response<AuthorizeBatchResponse>, Status> {
        Err(Status::unimplemented("no shop asks for it"))
    }

    async fn get_outcome(
        &self,
        request: Request<GetOutcomeRequest>,
    ) -> Result<Response<GetOutcomeResponse>, Status> {
        let state = self.state();
        if state.mood == Mood::Down {
            return Err(Status::unavailable("down"));
        }
        match state.recorded.get(&request.into_inner().request_id) {
            Some(recorded) => Ok(Response::new(GetOutcomeResponse {
                authorization: Some(recorded.clone()),
            })),
            None => Err(Status::not_found("nothing recorded")),
        }
    }
}
