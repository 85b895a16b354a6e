//! A process of the write side, one of several on the same databases.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use test_support::Running;
use tests::address;
use tests::bank::{self, Bank, Role};
use tests::operations::Operations;
use tests::teller::Teller;

const GRPC: &str = "CODEBANK_GRPC_ADDRESS";
const OPERATIONS: &str = "CODEBANK_OPS_ADDRESS";

pub(crate) struct Office {
    settings: BTreeMap<&'static str, String>,
    log: PathBuf,
    running: Option<Running>,
}

impl Office {
    /// At addresses of its own; it does not run yet.
    pub(crate) fn of(bank: &Bank, number: usize) -> Self {
        let mut settings = bank.settings(Role::CommandApi);
        for name in [GRPC, OPERATIONS] {
            settings.insert(name, address::free().to_string());
        }
        Self {
            settings,
            log: bank.log(Role::CommandApi).with_extension(format!("{number}.log")),
            running: None,
        }
    }

    pub(crate) fn start(&mut self) {
        self.running = Some(bank::start(Role::CommandApi, &self.settings, self.log.clone()));
    }

    pub(crate) async fn when_ready(&mut self) {
        let running = self.running.as_mut().expect("it was started");
        assert_eq!(running.ended(), None, "{}", running.said());
        Operations::at(&self.settings[OPERATIONS]).when_ready().await;
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.running.take().expect("it runs").kill();
    }

    pub(crate) async fn stop(&mut self, within: Duration) {
        let mut running = self.running.take().expect("it runs");
        let status = running.terminate(within).await;
        assert!(status.success(), "{status}: {}", running.said());
    }

    pub(crate) fn teller(&self) -> Teller {
        Teller::at(&format!("http://{}", self.settings[GRPC]))
    }
}
