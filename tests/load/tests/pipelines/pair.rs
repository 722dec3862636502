//! Two agents with the pipeline, over one PostgreSQL.

use forebay_tests_pipelines::Running;
use forebay_tests_postgres::Server;

use crate::agent::Site;
use crate::carrier::{self, Order};
use crate::outlet::Topic;
use crate::workload::{Producers, Workload};

pub(crate) struct Pair {
    pub(crate) one: Running,
    pub(crate) other: Running,
    /// Where the other one says what was carried.
    pub(crate) outlet: Topic,
    /// The last one to go.
    pub(crate) server: Server,
}

impl Pair {
    /// Starts both, and makes the topics; producers go to either.
    pub(crate) fn start(workload: &Workload, order: Order) -> (Self, Producers<'_>) {
        let server = Server::start().unwrap();
        let url = server.url_of_new_schema().unwrap();
        let site = Site::new(&workload.folder, "agent").on(&url).with_pipelines().with_short_sessions();
        let beside = site.beside();
        carrier::manage(&workload.folder, order);
        let (one, other) = (site.start(&workload.folder), beside.start(&workload.folder));
        let outlet = Topic::of(&beside);
        workload.make_outlet(&beside);
        let producers = workload.producers_alone([&site, &beside]);
        (Self { one, other, outlet, server }, producers)
    }
}
