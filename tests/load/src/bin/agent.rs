//! An agent that stands still where it is told to: see `forebay_tests_load::Agent`.

fn main() -> anyhow::Result<()> {
    forebay_tests_load::serve(std::env::args().skip(1))
}
