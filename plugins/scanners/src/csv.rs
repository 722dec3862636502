use forebay_csv::{CsvError, Dialect, Fields, Header, Reader, Row, Step, write_array};
use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem, Value};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

/// Every row of CSV is a message: an object with the names of the first row as keys, or an array.
///
/// The metadata `csv_row` counts the rows behind the names from 0.
#[derive(Config)]
pub(crate) struct CsvConfig {
    /// What separates fields, instead of a comma. Only its first character counts.
    #[config(example = ";")]
    custom_delimiter: Option<String>,
    /// Whether the first row holds the names of the fields. Otherwise rows become arrays.
    #[config(default = true)]
    parse_header_row: bool,
    /// Whether quotes may stand in fields without quotes, and single ones in fields with quotes.
    #[config(default = false)]
    lazy_quotes: bool,
    /// Goes on behind a row that breaks the rules. Its message holds the fields before the mistake and is flagged with
    /// the error. Rows behind it may be wrong as well.
    #[config(default = false)]
    continue_on_error: bool,
    /// The names that the first row must hold, in order. Other names fail the stream.
    #[config(example = ["first_name", "last_name", "age"])]
    expected_headers: Option<Vec<String>>,
    /// How many fields rows must have. Otherwise all have as many as the first.
    expected_number_of_fields: Option<i64>,
}

/// Bytes that one row may take.
const LIMIT: usize = 64 << 20;

#[derive(Clone)]
pub(crate) struct Settings {
    dialect: Dialect,
    fields: Fields,
    parse_header_row: bool,
    expected_headers: Vec<String>,
    rows: Rows,
}

/// What rows become, beside their payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Counted {
        continue_on_error: bool,
    },
    /// As the codec `csv` has it: without metadata.
    Plain,
    /// As the codec `csv-safe` has it: with the mistake in the metadata.
    Safe,
}

pub(crate) struct Csv {
    settings: Settings,
    reader: Reader,
    /// Whether the reader has the bytes that come next already.
    is_pushed: bool,
    row: Row,
    header: Option<Header>,
    /// How many rows there were behind the header.
    count: i64,
}

impl Kind for Csv {
    const NAME: &'static str = "csv";

    type Config = CsvConfig;

    fn plan(config: CsvConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let CsvConfig {
            custom_delimiter,
            parse_header_row,
            lazy_quotes,
            continue_on_error,
            expected_headers,
            expected_number_of_fields,
        } = config;
        let expected_headers = expected_headers.unwrap_or_default();
        if !parse_header_row && !expected_headers.is_empty() {
            let reason = "expected_headers is set but parse_header_row is false";
            return Err(Problem::new(reason).at(at.key("expected_headers")));
        }
        let fields = match expected_number_of_fields.map(usize::try_from) {
            None => Fields::AsFirst,
            Some(Ok(count)) if count > 0 => Fields::Exactly(count),
            Some(_) => {
                let reason = "expected_number_of_fields must be at least 1";
                return Err(Problem::new(reason).at(at.key("expected_number_of_fields")));
            }
        };
        let delimiter = custom_delimiter.and_then(|delimiter| delimiter.chars().next()).unwrap_or(',');
        let dialect = Dialect { delimiter, lazy_quotes, limit: LIMIT };
        let rows = Rows::Counted { continue_on_error };
        Self::of(Settings { dialect, fields, parse_header_row, expected_headers, rows })
            .map_err(|error| Problem::new(error.to_string()).at(at.key("custom_delimiter")))
    }
}

impl Csv {
    fn of(settings: Settings) -> Result<Box<dyn Plan>, CsvError> {
        Self::new(settings.clone())?;
        Ok(Box::new(Leaf(move || {
            Self::new(settings.clone()).expect("these settings were tried when the plan was made")
        })))
    }

    /// As the codecs have it.
    pub(crate) fn codec(delimiter: char, rows: Rows) -> Result<Box<dyn Plan>, CsvError> {
        let dialect = Dialect { delimiter, lazy_quotes: false, limit: LIMIT };
        let fields = Fields::AsFirst;
        Self::of(Settings { dialect, fields, parse_header_row: true, expected_headers: Vec::new(), rows })
    }

    fn new(settings: Settings) -> Result<Self, CsvError> {
        let reader = Reader::new(settings.dialect, settings.fields)?;
        Ok(Self { settings, reader, is_pushed: false, row: Row::default(), header: None, count: 0 })
    }

    /// Adds the rows that the reader has; whether it had more than there is room for.
    fn rows(&mut self, out: &mut Out) -> Result<bool, Error> {
        while !out.is_full() {
            let mistake = match self.reader.next(&mut self.row) {
                Step::Row => None,
                Step::Broken(error) => Some(error),
                Step::Wanting | Step::Ended => return Ok(false),
            };
            if self.settings.parse_header_row && self.header.is_none() {
                match mistake {
                    Some(error) => return Err(error.into()),
                    None => self.names()?,
                }
                continue;
            }
            self.message(mistake, out)?;
        }
        Ok(true)
    }

    fn names(&mut self) -> Result<(), Error> {
        let expected = &self.settings.expected_headers;
        let names = std::mem::take(&mut self.row);
        if !expected.is_empty() && !names.fields().eq(expected.iter().map(String::as_bytes)) {
            return Err(Error::new("expected_headers don't match file contents"));
        }
        self.header = Some(Header::new(names));
        Ok(())
    }

    fn message(&mut self, mistake: Option<CsvError>, out: &mut Out) -> Result<(), Error> {
        if let Some(error) = mistake {
            let goes_on = match self.settings.rows {
                Rows::Counted { continue_on_error } => continue_on_error,
                Rows::Plain => false,
                Rows::Safe => true,
            };
            if !goes_on || matches!(error, CsvError::TooLong { .. }) {
                return Err(error.into());
            }
        }
        match (&self.header, self.settings.rows) {
            (_, Rows::Safe) if mistake.is_some() => out.payload().extend_from_slice(b"{}"),
            (Some(header), _) => header.write_object(&self.row, out.payload()),
            (None, _) => write_array(&self.row, out.payload()),
        }
        match self.settings.rows {
            Rows::Counted { .. } => {
                out.metadata().push("csv_row", Value::Signed(self.count));
                if let Some(error) = mistake {
                    out.flag(&error.to_string());
                }
            }
            Rows::Plain => {}
            Rows::Safe => {
                // The names are row 1.
                out.metadata().push("row_number", Value::Signed(self.count + 2));
                let first = String::from_utf8_lossy(self.row.field(0));
                out.metadata().push("row_empty", Value::Bool(first.trim().is_empty()));
                if let Some(error) = mistake {
                    out.metadata().push("row_parse_error", Value::Text(&error.to_string()));
                }
            }
        }
        out.end();
        self.count += 1;
        Ok(())
    }
}

impl Cut for Csv {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        if !std::mem::replace(&mut self.is_pushed, true) {
            self.reader.push(bytes);
        }
        if self.rows(out)? {
            return Ok(0);
        }
        self.is_pushed = false;
        Ok(bytes.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        self.reader.finish();
        Ok(!self.rows(out)?)
    }
}

#[cfg(test)]
mod tests;
