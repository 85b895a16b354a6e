//! How PostgreSQL runs the log's queries: a plan made on a small table is kept while the table grows, so it must be good already
//! then.

use sqlx::{Executor as _, Row as _};

use super::given::{Behind, Given};
use crate::event_store::postgres::STATEMENTS;

#[tokio::test]
async fn every_statement_goes_through_an_index_from_the_first_event_on() {
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let Behind::Postgres { pool, .. } = &given.database else {
        unreachable!("it was asked for")
    };
    let mut connection = pool.acquire().await.expect("connects");
    connection
        .execute("set plan_cache_mode to force_generic_plan")
        .await
        .expect("sets");
    for (index, (statement, parameters)) in STATEMENTS.iter().enumerate() {
        connection
            .execute(format!("prepare statement_{index} as {statement}").as_str())
            .await
            .expect("prepares");
        let nulls = vec!["null"; *parameters].join(", ");
        let explain = format!("explain execute statement_{index} ({nulls})");
        let rows = connection.fetch_all(explain.as_str()).await.expect("explains");
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("Index"), "{statement}\n{plan}");
        for slow in ["Seq Scan", "Sort"] {
            assert!(!plan.contains(slow), "{statement}\n{plan}");
        }
    }
}
