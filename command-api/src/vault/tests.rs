//! The contract of the vault, held by the vault over each of its stores.

use std::collections::HashSet;

use super::*;
use uuid::Uuid;

const VISA: &str = "4111111111111111";
const MASTERCARD: &str = "5555555555554444";

fn assignment(number: Option<&str>) -> Assignment {
    Assignment {
        request_id: RequestId::new(Uuid::now_v7()),
        account_id: AccountId::new(Uuid::now_v7()),
        card_id: CardId::new(Uuid::now_v7()),
        expiry: Expiry::try_new(12, 2030).expect("an expiry"),
        number: number.map(|number| CardNumber::parse(number).expect("a documented test number")),
    }
}

fn same_again(first: &Assignment, number: Option<&str>) -> Assignment {
    Assignment {
        request_id: first.request_id,
        account_id: first.account_id,
        ..assignment(number)
    }
}

fn number(text: &str) -> CardNumber {
    CardNumber::parse(text).expect("a documented test number")
}

/// A code that is not the card's.
fn other_code(code: &SecurityCode) -> SecurityCode {
    SecurityCode::parse(if code.expose() == "000" { "001" } else { "000" }).expect("a code")
}

/// `vault` and `restarted` share a store and keys, but no memory.
async fn holds_the_contract(vault: Vault, restarted: Vault) {
    vault.check().await.expect("the store answers");
    a_number_is_recognized_with_its_code(&vault, &restarted).await;
    a_request_gets_one_card(&vault, &restarted).await;
    concurrent_repeats_get_one_card(&vault).await;
    a_number_belongs_to_one_card(&vault).await;
    numbers_are_made(&vault).await;
}

async fn a_number_is_recognized_with_its_code(vault: &Vault, restarted: &Vault) {
    let asked = assignment(Some(VISA));
    let (account_id, card_id, expiry) = (asked.account_id, asked.card_id, asked.expiry);
    let issued = vault.assign(asked).await.expect("assigned");
    assert_eq!(
        (issued.account_id, issued.card_id, issued.expiry),
        (account_id, card_id, expiry)
    );
    assert_eq!(issued.last_four.as_str(), "1111");

    for vault in [vault, restarted, vault] {
        let card = vault.reveal(card_id).await.expect("in reach").expect("known");
        assert_eq!((card.number.expose(), card.expiry), (VISA, expiry));
        for (code, expected) in [
            (&card.security_code, SecurityCodeCheck::Match),
            (&other_code(&card.security_code), SecurityCodeCheck::Mismatch),
        ] {
            let found = vault
                .recognize(&number(VISA), expiry, code)
                .await
                .expect("in reach")
                .expect("known");
            assert_eq!((found.account_id, found.card_id), (account_id, card_id));
            assert_eq!((found.expiry, found.security_code), (expiry, expected));
        }
        assert_eq!(
            vault.by_token(&issued.token).await.expect("in reach"),
            Some(issued.clone())
        );
        assert_eq!(
            vault.by_card_id(card_id).await.expect("in reach"),
            Some(issued.clone())
        );
        assert_eq!(
            vault.by_number(&number(VISA)).await.expect("in reach"),
            Some(issued.clone())
        );
        let number = vault.number_of(card_id).await.expect("in reach").expect("known");
        assert_eq!(number.expose(), VISA);
    }

    let code = SecurityCode::parse("123").expect("a code");
    let unknown = number("4242424242424242");
    assert_eq!(
        vault.recognize(&unknown, expiry, &code).await.expect("in reach"),
        None
    );
    let token = CardToken::parse("tok_never_given_out").expect("a token");
    assert_eq!(vault.by_token(&token).await.expect("in reach"), None);
    let nobody = CardId::new(Uuid::now_v7());
    assert!(vault.reveal(nobody).await.expect("in reach").is_none());
    assert!(vault.number_of(nobody).await.expect("in reach").is_none());
}

async fn a_request_gets_one_card(vault: &Vault, restarted: &Vault) {
    let asked = assignment(None);
    let repeat = || same_again(&asked, None);
    let issued = vault.assign(repeat()).await.expect("assigned");
    for vault in [vault, restarted] {
        assert_eq!(vault.assign(repeat()).await.expect("the first answer"), issued);
    }
    let other_account = Assignment {
        account_id: AccountId::new(Uuid::now_v7()),
        ..repeat()
    };
    let other_expiry = Assignment {
        expiry: Expiry::try_new(1, 2031).expect("an expiry"),
        ..repeat()
    };
    for other in [other_account, other_expiry, same_again(&asked, Some(MASTERCARD))] {
        let refused = vault.assign(other).await;
        assert!(matches!(refused, Err(VaultError::RequestIdReused)), "{refused:?}");
    }
}

async fn concurrent_repeats_get_one_card(vault: &Vault) {
    let asked = assignment(None);
    let calls = (0..16).map(|_| vault.assign(same_again(&asked, None)));
    let issued = futures::future::try_join_all(calls)
        .await
        .expect("all are answered");
    let cards: HashSet<CardId> = issued.iter().map(|card| card.card_id).collect();
    assert_eq!(cards.len(), 1);
}

async fn a_number_belongs_to_one_card(vault: &Vault) {
    let taken = vault.assign(assignment(Some(VISA))).await;
    assert!(matches!(taken, Err(VaultError::NumberInUse)), "{taken:?}");
}

async fn numbers_are_made(vault: &Vault) {
    let issued = vault.assign(assignment(None)).await.expect("assigned");
    let number = vault
        .number_of(issued.card_id)
        .await
        .expect("in reach")
        .expect("known");
    assert!(number.expose().starts_with("999999"));
    assert_eq!(number.last_four(), issued.last_four);
}

#[tokio::test]
async fn sqlite_holds_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault.sqlite");
    let keys = VaultKeys::random();
    let mut vaults = Vec::new();
    for _ in 0..2 {
        let store = SqliteVaultStore::open(&path).await.expect("opened");
        vaults.push(Vault::new(store, &keys, &Settings::default()));
    }
    let [vault, restarted] = vaults.try_into().expect("two");
    holds_the_contract(vault, restarted).await;

    let on_disk: Vec<u8> = std::fs::read_dir(folder.path())
        .expect("ours")
        .flat_map(|file| std::fs::read(file.expect("a file").path()).expect("readable"))
        .collect();
    assert!(on_disk.len() > 4_096, "the files are where they are looked for");
    assert!(
        !on_disk
            .windows(VISA.len())
            .any(|window| window == VISA.as_bytes()),
        "a number is on the disk"
    );
}

#[tokio::test]
async fn postgres_holds_the_contract() {
    let server = test_support::require!(postgres);
    let nothing = async |_| Ok::<(), sqlx::Error>(());
    let database = test_support::database(&server, "vault", nothing).await;
    let options: sqlx::postgres::PgConnectOptions = database.url().parse().expect("its own URL");
    let keys = VaultKeys::random();
    let stores = [(); 2].map(|()| PostgresVaultStore::new(options.clone(), 4));
    let migrated = stores.iter().map(PostgresVaultStore::migrate);
    futures::future::try_join_all(migrated)
        .await
        .expect("at once, and both succeed");
    let [vault, restarted] = stores.map(|store| Vault::new(store, &keys, &Settings::default()));
    holds_the_contract(vault, restarted).await;

    let schemas: Vec<(String, String)> = sqlx::query_as(
        "select schemaname::text, tablename::text from pg_tables
         where tablename in ('vault_cards', '_sqlx_migrations') order by tablename",
    )
    .fetch_all(database.pool())
    .await
    .expect("read");
    let of_vault = |table: &str| ("vault".to_owned(), table.to_owned());
    assert_eq!(
        schemas,
        [of_vault("_sqlx_migrations"), of_vault("vault_cards")],
        "beside any other tables"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_sqlite_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteVaultStore::open(&folder.path().join("vault.sqlite"))
        .await
        .expect("opened");
    let vault = Vault::new(store, &VaultKeys::random(), &Settings::default());
    vault.assign(assignment(None)).await.expect("assigned");
    for file in std::fs::read_dir(folder.path()).expect("ours") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_number_that_was_moved_to_another_card_is_not_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault.sqlite");
    let store = SqliteVaultStore::open(&path).await.expect("opened");
    let vault = Vault::new(store, &VaultKeys::random(), &Settings::default());
    let mine = vault.assign(assignment(None)).await.expect("assigned");
    let theirs = vault.assign(assignment(None)).await.expect("assigned");

    let intruder = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display()))
        .await
        .expect("the file");
    sqlx::query(
        "update vault_cards set (number_ciphertext, nonce) =
         (select number_ciphertext, nonce from vault_cards where card_id = $1) where card_id = $2",
    )
    .bind(theirs.card_id.as_uuid())
    .bind(mine.card_id.as_uuid())
    .execute(&intruder)
    .await
    .expect("swapped");
    let opened = vault.reveal(mine.card_id).await;
    assert!(matches!(opened, Err(VaultError::Damaged { .. })), "{opened:?}");
}
