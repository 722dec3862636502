#![cfg(test)]

use forebay_tests_postgres::Server;

use super::*;
use crate::transaction::Transaction;
use crate::trouble::Remedy;

fn pool(server: &Server) -> Pool {
    Pool::new(server.url().parse().unwrap(), Spawner::current()).unwrap()
}

/// Whether the server says that it has given up, and that it may be asked again.
fn has_given_up(trouble: &Trouble) -> bool {
    let is_timeout = matches!(trouble, Trouble::Postgres(error) if error.code().is_some_and(|code| code.code() == "57014"));
    is_timeout && trouble.remedy() == Remedy::Reconnect
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up_by_the_server() {
    let server = Server::start().unwrap();
    server.sql("CREATE TABLE a (x BIGINT); INSERT INTO a VALUES (1)").unwrap();
    let pool = pool(&server).with_statement_timeout(Duration::from_millis(100));
    let trouble = pool.query("SELECT pg_sleep(60)", &[]).await.unwrap_err();
    assert!(has_given_up(&trouble), "{trouble}");
    // Behind a lock too, whoever has it.
    let other = pool.lease().await.unwrap();
    other.client().batch_execute("BEGIN; UPDATE a SET x = 2").await.unwrap();
    let trouble = pool.query("UPDATE a SET x = 3", &[]).await.unwrap_err();
    assert!(has_given_up(&trouble), "{trouble}");
    other.client().batch_execute("ROLLBACK").await.unwrap();
    // Nobody is at it any more, so what is asked now is not overtaken by what was asked before.
    let at_it =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%' || 'sleep(60)'";
    let rows = pool.query(at_it, &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 0);
    let rows = pool.query("SELECT x FROM a", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 1);
}

#[tokio::test]
async fn sessions_and_transactions_have_a_limit_shorter_than_anybody_waits() {
    let server = Server::start().unwrap();
    let pool = pool(&server);
    let limit = |rows: Vec<Row>| rows[0].get::<_, String>(0);
    assert_eq!(limit(pool.query("SHOW statement_timeout", &[]).await.unwrap()), "8s");
    // Where a pooler has given the transaction a session of somebody else.
    let lease = pool.lease().await.unwrap();
    lease.client().batch_execute("SET statement_timeout = 0").await.unwrap();
    pool.give_back(lease);
    let mut transaction = Transaction::begin(&pool).await.unwrap();
    assert_eq!(limit(transaction.query("SHOW statement_timeout", &[]).await.unwrap()), "8s");
    transaction.commit().await.unwrap();
    assert_eq!(limit(pool.query("SHOW statement_timeout", &[]).await.unwrap()), "0");
}
