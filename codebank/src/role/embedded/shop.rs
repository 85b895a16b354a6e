//! A shop beside the embedded bank, so that there is something to buy. It reaches the bank over gRPC, as any shop does.

use std::path::Path;

use anyhow::Context;
use store::{Database, Settings, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

/// A shop that serves and finishes its orders until told to stop.
pub(super) struct Shop {
    pub(super) pages: Store,
    reconciler: JoinHandle<()>,
}

/// Opens it, with its own database in the bank's folder.
pub(super) async fn open(data: &Path, bank: Channel, stop: &CancellationToken) -> anyhow::Result<Shop> {
    // The pages' key: one address, one session.
    let key = look::load_or_make_key(&data.join("pages.key")).context("the pages' key")?;
    let store = Store::new(
        Database::open_file(&data.join("store.db")),
        Settings::new(bank, key),
    );
    store.prepare().await.context("the shop's database")?;
    let (reconciled, until) = (store.clone(), stop.clone());
    Ok(Shop {
        pages: store,
        reconciler: tokio::spawn(async move { reconciled.reconcile(until).await }),
    })
}

impl Shop {
    /// After its pages: waits for what is under way, and closes the database.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.reconciler.await.context("the shop's reconciler")?;
        self.pages.close().await;
        Ok(())
    }
}
