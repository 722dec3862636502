use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

use crate::{amplify, contract, limits, reach, traps};

/// Does one thing that it must not do.
#[derive(Config)]
pub(crate) struct MisbehaveConfig {
    /// What it does.
    mode: String,
    /// Whether it does so when it is opened, not when it is called.
    #[config(default = false)]
    at_open: bool,
}

pub(crate) struct Misbehave {
    mode: String,
    calls: u32,
}

impl Processor for Misbehave {
    const NAME: &'static str = "misbehave";
    type Config = MisbehaveConfig;

    fn open(config: MisbehaveConfig, _: &Context) -> Result<Self, Problem> {
        if config.at_open {
            misbehave(&config.mode, Batch::from_payloads(["bad"]))
                .map_err(|error| Problem::new(error.into_message()))?;
        }
        Ok(Self { mode: config.mode, calls: 0 })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if batch.message(0).bytes() == b"bad" {
            return misbehave(&self.mode, batch);
        }
        self.calls += 1;
        let calls = self.calls.to_string();
        let counted = batch.map(|_, writer| {
            writer.payload().extend_from_slice(calls.as_bytes());
            Ok(())
        });
        Ok(counted.into())
    }
}

fn misbehave(mode: &str, batch: Batch) -> Result<Processing, Error> {
    match mode {
        "panic" => traps::panic(),
        "assertion" => traps::assertion(),
        "unreachable" => traps::unreachable(),
        "deep_recursion" => traps::recurse(),
        "refused_memory" => traps::ask_for_too_much(),

        "endless_loop" => limits::compute(),
        "endless_memory" => limits::allocate(),
        "endless_sleep" => limits::sleep(),
        "endless_print" => limits::print(),
        "many_batches" => limits::hold_batches(&batch),
        "huge_batches" => limits::hold_bytes(),

        "huge_output" => limits::return_much(&batch),
        "huge_error" => limits::fail_at_length(),
        "many_host_calls" => limits::call_the_host(),
        "log_flood" => limits::flood_the_log(),

        "shared_in_records" => amplify::shared_in_records(),
        "shared_in_columns" => amplify::shared_in_columns(),
        "doubled_batches" => amplify::doubled(),
        "many_entries" => amplify::many_entries(),
        "backwards" => amplify::backwards(),
        "endless_labels" => amplify::labels(),

        "ends_fall" => contract::ends_fall(),
        "ends_past_the_bytes" => contract::ends_past_the_bytes(),
        "column_past_the_block" => contract::column_past_the_block(),
        "key_is_no_text" => contract::no_text("key"),
        "text_is_no_text" => contract::no_text("text"),
        "error_is_no_text" => contract::no_text("error"),
        "no_payload" => contract::no_payload(),
        "origin_out_of_range" => contract::origins(batch, &[99]),
        "too_many_origins" => contract::origins(batch, &[0, 0, 0]),
        "same_but_shorter" => contract::same_but_shorter(batch),
        "derive_out_of_range" => contract::derive_out_of_range(batch),
        "derive_many" => contract::derive_many(batch),
        "derive_large" => contract::derive_large(),
        "index_out_of_range" => contract::index_out_of_range(batch),
        "select_out_of_range" => contract::select_out_of_range(batch),
        "drop_twice" => contract::drop_twice(batch),
        "forged_handle" => contract::forged_handle(),
        "same_batch_twice" => contract::same_batch_twice(batch),
        "metric_name" => contract::metric_name(),
        "metric_of_the_host" => contract::metric_of_the_host(),

        "file" => reach::file(),
        "many_files" => reach::many_files(),
        "folder" => reach::folder(),
        "missing_file" => reach::missing_file(),
        "write_file" => reach::write_file(),
        "variable" => reach::variable(),
        "own_key" => reach::own_key(),
        "standard_input" => reach::standard_input(),
        "standard_output" => reach::standard_output(),
        "wasi" => Ok(reach::wasi()),
        other => Err(Error::new(format!("mode {other} is unknown"))),
    }
}
