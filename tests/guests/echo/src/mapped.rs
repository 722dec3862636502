use forebay_sdk::expressions::{Expression, Form};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processed, Processing, Processor};

/// Runs a text in a mapping language of another plugin.
#[derive(Config)]
pub(crate) struct MappedConfig {
    /// The language.
    language: String,
    /// The text.
    source: String,
    /// Whether it is evaluated as a query rather than run as a mapping.
    #[config(default = false)]
    query: bool,
}

pub(crate) struct Mapped {
    expression: Expression,
    query: bool,
}

impl Processor for Mapped {
    const NAME: &'static str = "mapped";
    type Config = MappedConfig;

    fn open(config: MappedConfig, _: &Context) -> Result<Self, Problem> {
        let form = if config.query { Form::Query } else { Form::Mapping };
        let compiled = Expression::compile(&config.language, &config.source, form);
        Ok(Self { expression: compiled.map_err(|problem| problem.at("/source"))?, query: config.query })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if self.query {
            let values = self.expression.evaluate(&batch)?;
            return Ok(Processed::from(values).into());
        }
        Ok(self.expression.run(batch)?.into())
    }
}
