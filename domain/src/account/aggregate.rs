//! The card account as cqrs-es sees it: a thin adapter over `decide` and `evolve`, with no rule of its own.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::command::Command;
use super::decide::decide;
use super::event::Event;
use super::rejection::Rejection;
use super::state::{State, evolve};

/// The aggregate root. Its `Default` is an account that was never opened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CardAccount {
    pub state: State,
}

impl Aggregate for CardAccount {
    const TYPE: &'static str = "card_account";
    type Command = Command;
    type Event = Event;
    type Error = Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Rejection> {
        for event in decide(&self.state, command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    /// This signature cannot refuse an event. The stores of this bank load through `replay`, which does, so that a damaged
    /// history is never acted upon; here such an event leaves the state as it was.
    fn apply(&mut self, event: Event) {
        if let Ok(next) = evolve(self.state.clone(), &event) {
            self.state = next;
        }
    }
}
