use forebay_csv::{CsvError, Dialect, Header, Rows};
use forebay_sdk::Error;

use super::parts::Parts;

/// An object for every row, with the names of the first one.
pub(super) fn read(parts: &mut Parts<'_, '_>, delimiter: char) -> Result<(), Error> {
    let mistake = |error: CsvError| Error::new(format!("failed to parse message as csv: {error}"));
    let dialect = Dialect { delimiter, ..Dialect::default() };
    let mut rows = Rows::new(parts.source(), dialect).map_err(mistake)?;
    let Some(names) = rows.next() else { return Ok(()) };
    let header = Header::new(names.map_err(mistake)?);
    for row in rows {
        let row = row.map_err(mistake)?;
        parts.write(|out| {
            header.write_object(&row, out);
            Ok(())
        })?;
    }
    Ok(())
}
