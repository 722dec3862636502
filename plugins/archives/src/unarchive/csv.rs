use forebay_csv::{Dialect, Record, Records};
use forebay_json::{Html, write_string};
use forebay_sdk::Error;

use super::parts::Parts;

/// An object for every row, with the names of the first one.
pub(super) fn read(parts: &mut Parts<'_, '_>, delimiter: char) -> Result<(), Error> {
    let mistake =
        |error: forebay_csv::CsvError| Error::new(format!("failed to parse message as csv: {error}"));
    let dialect = Dialect { delimiter, lazy_quotes: false };
    let mut rows = Records::new(parts.source(), dialect).map_err(mistake)?;
    let Some(names) = rows.next() else { return Ok(()) };
    let members = members(&names.map_err(mistake)?);
    for row in rows {
        let row = row.map_err(mistake)?;
        parts.write(|out| {
            object(&members, &row, out);
            Ok(())
        })?;
    }
    Ok(())
}

/// What stands before the value of a member, and which field that is.
type Member = (Vec<u8>, usize);

/// The members in the order of their names; of equal names the last one counts.
fn members(names: &Record) -> Vec<Member> {
    let mut fields: Vec<(&[u8], usize)> =
        names.iter().enumerate().map(|(index, name)| (name.as_slice(), index)).collect();
    fields.sort_unstable_by(|(name, index), (other, later)| name.cmp(other).then(later.cmp(index)));
    fields.dedup_by_key(|(name, _)| *name);
    let member = |(at, (name, index)): (usize, (&[u8], usize))| {
        let mut before = vec![if at == 0 { b'{' } else { b',' }];
        write_string(name, Html::Plain, &mut before);
        before.push(b':');
        (before, index)
    };
    fields.into_iter().enumerate().map(member).collect()
}

fn object(members: &[Member], row: &Record, out: &mut Vec<u8>) {
    for (before, field) in members {
        out.extend_from_slice(before);
        write_string(row.get(*field).map_or(&[], Vec::as_slice), Html::Plain, out);
    }
    out.push(b'}');
}
