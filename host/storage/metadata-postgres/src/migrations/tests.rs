#![cfg(test)]

use forebay_lifecycle::Spawner;
use forebay_storage_metadata::VirtualClusters as _;
use forebay_tests_postgres::Server;

use super::*;
use crate::PostgresMetadataStore;

const FIRST: Migration = Migration {
    needs: 1,
    steps: &[
        Step::Together("CREATE TABLE a (x BIGINT); INSERT INTO a VALUES (1);"),
        Step::Tuning(
            "-- Why.\nALTER TABLE a SET (fillfactor = 50); ALTER TABLE a SET (no_such_setting = 1);",
        ),
    ],
};
const SECOND: Migration = Migration {
    needs: 1,
    steps: &[
        Step::Together("ALTER TABLE a ADD COLUMN y BIGINT NOT NULL DEFAULT 0"),
        Step::Alone("CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_y ON a (y)"),
    ],
};
const BREAKING: Migration =
    Migration { needs: 2, steps: &[Step::Together("ALTER TABLE a ADD COLUMN z BIGINT NOT NULL DEFAULT 0")] };

fn pool(url: &str) -> Pool {
    Pool::new(url.parse().unwrap(), Spawner::current()).unwrap()
}

async fn run(pool: &Pool, upgrade: Upgrade, migrations: &[Migration]) -> Result<Migrated, String> {
    migrate(pool, upgrade, migrations).await.map_err(|error| match error {
        SchemaTrouble::Trouble(trouble) => trouble.to_string(),
        SchemaTrouble::Refused(error) => error.to_string(),
    })
}

#[tokio::test]
async fn an_empty_database_gets_its_schema_and_an_old_one_only_when_asked_to() {
    let server = Server::start().unwrap();
    let pool = pool(&server.url_of_new_schema().unwrap());
    assert_eq!(run(&pool, Upgrade::EmptyOnly, &[FIRST]).await, Ok(Migrated { from: 0, to: 1 }));
    assert_eq!(run(&pool, Upgrade::EmptyOnly, &[FIRST]).await, Ok(Migrated { from: 1, to: 1 }));
    let old = run(&pool, Upgrade::EmptyOnly, &[FIRST, SECOND]).await.unwrap_err();
    assert!(old.contains("schema 1") && old.contains("forebay metadata migrate"), "{old}");
    assert_eq!(run(&pool, Upgrade::All, &[FIRST, SECOND]).await, Ok(Migrated { from: 1, to: 2 }));
    let columns = pool.query("SELECT x, y FROM a", &[]).await.unwrap();
    assert_eq!((columns[0].get::<_, i64>(0), columns[0].get::<_, i64>(1)), (1, 0));
    // An older program goes on with what it can live with, and no further.
    assert_eq!(run(&pool, Upgrade::EmptyOnly, &[FIRST]).await, Ok(Migrated { from: 2, to: 2 }));
    let changed = run(&pool, Upgrade::All, &[SECOND, FIRST]).await.unwrap_err();
    assert!(changed.contains("migration 1"), "{changed}");
    assert!(run(&pool, Upgrade::All, &[FIRST, SECOND, BREAKING]).await.is_ok());
    let newer = run(&pool, Upgrade::EmptyOnly, &[FIRST]).await.unwrap_err();
    assert!(newer.contains("schema 3") && newer.contains("schema 2") && newer.contains("up to 1"), "{newer}");
}

/// A pooler may give the session to somebody else afterwards.
#[tokio::test]
async fn the_limit_of_statements_holds_again_after_an_index_even_if_it_could_not_be_built() {
    const INDEX: Migration = Migration {
        needs: 1,
        steps: &[Step::Alone("CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_x ON a (x)")],
    };
    let server = Server::start().unwrap();
    server.sql("ALTER ROLE postgres SET statement_timeout = '7s'").unwrap();
    let pool = pool(&server.url_of_new_schema().unwrap());
    let mut lease = pool.lease().await.unwrap();
    assert!(without_limit(lease.client(), &INDEX).await.is_err(), "there is no such table");
    let limit = lease.query("SHOW statement_timeout", &[]).await.unwrap();
    assert_eq!(limit[0].get::<_, String>(0), "7s");
    lease.client().batch_execute("CREATE TABLE a (x BIGINT)").await.unwrap();
    without_limit(lease.client(), &INDEX).await.unwrap();
    let limit = lease.query("SHOW statement_timeout", &[]).await.unwrap();
    assert_eq!(limit[0].get::<_, String>(0), "7s");
}

/// What was left half done is finished by whoever comes next.
#[tokio::test]
async fn a_migration_that_was_interrupted_is_finished() {
    const BROKEN: Migration = Migration {
        needs: 1,
        steps: &[
            Step::Together("ALTER TABLE a ADD COLUMN y BIGINT NOT NULL DEFAULT 0"),
            Step::Alone("CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_y ON a (no_such_column)"),
        ],
    };
    let server = Server::start().unwrap();
    let pool = pool(&server.url_of_new_schema().unwrap());
    run(&pool, Upgrade::All, &[FIRST]).await.unwrap();
    assert!(run(&pool, Upgrade::All, &[FIRST, BROKEN]).await.is_err());
    let done = pool.query("SELECT is_done FROM migrations WHERE number = 2", &[]).await.unwrap();
    assert!(!done[0].get::<_, bool>(0));
    // With the fault mended it is the same migration to the store.
    const MENDED: Migration = Migration {
        needs: 1,
        steps: &[
            Step::Together("ALTER TABLE a ADD COLUMN y BIGINT NOT NULL DEFAULT 0"),
            Step::Alone("CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_y ON a (y)"),
        ],
    };
    let set = format!("UPDATE migrations SET checksum = '{}' WHERE number = 2", checksum(&MENDED));
    pool.lease().await.unwrap().client().batch_execute(&set).await.unwrap();
    run(&pool, Upgrade::All, &[FIRST, MENDED]).await.unwrap();
    let index = pool.query("SELECT 1 FROM pg_indexes WHERE indexname = 'a_by_y'", &[]).await.unwrap();
    assert_eq!(index.len(), 1);
}

#[tokio::test]
async fn agents_that_come_at_once_make_one_schema() {
    let server = Server::start().unwrap();
    for _ in 0..5 {
        let url = server.url_of_new_schema().unwrap();
        let open = || Box::pin(PostgresMetadataStore::open(url.parse().unwrap()));
        let (first, second, third) = tokio::join!(open(), open(), open());
        let (first, second) = (first.unwrap(), second.unwrap());
        third.unwrap();
        first.create_virtual_cluster(&"vci_a".parse().unwrap()).await.unwrap();
        assert_eq!(second.virtual_clusters().await.unwrap().len(), 1);
    }
}

mod producing;
