//! Bytes by chance, for every decoder and every API: so many in `cargo xtask test`, as many as there is time for in
//! `cargo xtask soak`.

#[cfg(test)]
mod broker;
#[cfg(test)]
mod decoders;
/// Requests of every API and version that is served, as the tests of the guard have them.
#[cfg(test)]
#[path = "../../../../host/kafka/wire/tests/guard"]
mod guard {
    #[expect(dead_code, reason = "the tests of the guard use what is not used here")]
    pub(crate) mod samples;
}

#[cfg(test)]
#[global_allocator]
static COUNTING: forebay_tests_load::fuzz::Counting = forebay_tests_load::fuzz::Counting;
