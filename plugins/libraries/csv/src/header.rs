use forebay_json::{Html, write_string};

use crate::Row;

/// The names of the fields, by which rows become objects.
#[derive(Debug)]
pub struct Header {
    /// The names as JSON.
    names: Vec<Vec<u8>>,
    /// The fields by their names; of those with the same name in their order.
    sorted: Vec<usize>,
    row: Row,
}

impl Header {
    #[must_use]
    pub fn new(row: Row) -> Self {
        let quoted = |name: &[u8]| {
            let mut out = Vec::with_capacity(name.len() + 2);
            write_string(name, Html::Plain, &mut out);
            out
        };
        let mut sorted: Vec<usize> = (0..row.len()).collect();
        sorted.sort_by(|one, other| row.field(*one).cmp(row.field(*other)));
        Self { names: row.fields().map(quoted).collect(), sorted, row }
    }

    #[must_use]
    pub fn row(&self) -> &Row {
        &self.row
    }

    /// Writes an object with sorted keys. Fields beyond the names are left out, and of fields with the same
    /// name the last one counts.
    pub fn write_object(&self, row: &Row, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut is_first = true;
        let mut sorted = self.sorted.iter().copied().filter(|index| *index < row.len()).peekable();
        while let Some(index) = sorted.next() {
            if sorted.peek().is_some_and(|next| self.row.field(*next) == self.row.field(index)) {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            out.extend_from_slice(self.names.get(index).map(Vec::as_slice).unwrap_or_default());
            out.push(b':');
            write_string(row.field(index), Html::Plain, out);
        }
        out.push(b'}');
    }
}

/// Writes a row as an array.
pub fn write_array(row: &Row, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, field) in row.fields().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(field, Html::Plain, out);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::{Header, write_array};
    use crate::{Dialect, Fields, Reader, Row};

    fn row(line: &str) -> Row {
        let mut reader = Reader::new(Dialect::default(), Fields::AsFirst).expect("a delimiter");
        reader.push(line.as_bytes());
        reader.finish();
        let mut row = Row::default();
        reader.next(&mut row);
        row
    }

    fn object(header: &str, fields: &str) -> String {
        let mut out = Vec::new();
        Header::new(row(header)).write_object(&row(fields), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn keys_are_sorted_and_the_last_of_a_name_counts() {
        assert_eq!(object("b,a,c", "1,2,3"), r#"{"a":"2","b":"1","c":"3"}"#);
        assert_eq!(object("a,b,a", "1,2,3"), r#"{"a":"3","b":"2"}"#);
        assert_eq!(object("a,b,a", "1,2"), r#"{"a":"1","b":"2"}"#);
        assert_eq!(object("a", "1,2"), r#"{"a":"1"}"#);
        assert_eq!(object("a,b", ""), "{}");
    }

    #[test]
    fn a_row_without_names_is_an_array() {
        let mut out = Vec::new();
        write_array(&row("a,\"\"\"b\",<"), &mut out);
        assert_eq!(out, br#"["a","\"b","<"]"#);
    }
}
