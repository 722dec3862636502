//! Files made by hand, with what no writer makes.

/// A structure of Thrift's compact protocol; fields come in their order.
#[derive(Default)]
struct Structure {
    bytes: Vec<u8>,
    last: u8,
}

impl Structure {
    fn field(mut self, number: u8, kind: u8) -> Self {
        self.bytes.push((number - self.last) << 4 | kind);
        self.last = number;
        self
    }

    fn integer(self, number: u8, value: usize) -> Self {
        let mut this = self.field(number, 5);
        varint(2 * value, &mut this.bytes);
        this
    }

    fn long(self, number: u8, value: usize) -> Self {
        let mut this = self.field(number, 6);
        varint(2 * value, &mut this.bytes);
        this
    }

    fn text(self, number: u8, text: &str) -> Self {
        let mut this = self.field(number, 8);
        varint(text.len(), &mut this.bytes);
        this.bytes.extend(text.bytes());
        this
    }

    fn structure(self, number: u8, structure: Self) -> Self {
        let mut this = self.field(number, 12);
        this.bytes.extend(structure.end());
        this
    }

    fn list(self, number: u8, structures: Vec<Self>) -> Self {
        let mut this = self.field(number, 9);
        this.bytes.push(0xfc);
        varint(structures.len(), &mut this.bytes);
        this.bytes.extend(structures.into_iter().flat_map(Self::end));
        this
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

pub(crate) fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
}

#[derive(Clone, Copy)]
pub(crate) enum Repeats {
    Never,
    Often,
}

/// A group or a column of the schema.
pub(crate) enum Node<'n> {
    Group {
        name: &'n str,
        repeats: Repeats,
        children: usize,
    },
    /// Of physical type 1, INT32, or 6, BYTE_ARRAY.
    Column {
        name: &'n str,
        physical: usize,
        json: bool,
    },
}

impl Node<'_> {
    fn structure(&self) -> Structure {
        match *self {
            Self::Group { name, repeats, children } => Structure::default()
                .integer(3, if matches!(repeats, Repeats::Often) { 2 } else { 0 })
                .text(4, name)
                .integer(5, children),
            Self::Column { name, physical, json } => {
                let column = Structure::default().integer(1, physical).integer(3, 0).text(4, name);
                if json { column.integer(6, 19) } else { column }
            }
        }
    }
}

/// The pages of a column, of which there is a dictionary if `dictionary` says how long it is.
pub(crate) struct Column {
    pub(crate) values: usize,
    pub(crate) codec: usize,
    pub(crate) dictionary: usize,
    pub(crate) pages: Vec<u8>,
}

/// A page with so many values, in an encoding.
pub(crate) fn page(values: usize, encoding: usize, content: &[u8]) -> Vec<u8> {
    let data = Structure::default().integer(1, values).integer(2, encoding).integer(3, 3).integer(4, 3);
    let header =
        Structure::default().integer(1, 0).integer(2, 0).integer(3, content.len()).structure(5, data);
    [header.end(), content.to_vec()].concat()
}

pub(crate) fn dictionary(values: usize, content: &[u8]) -> Vec<u8> {
    let data = Structure::default().integer(1, values).integer(2, 0);
    let header =
        Structure::default().integer(1, 2).integer(2, 0).integer(3, content.len()).structure(7, data);
    [header.end(), content.to_vec()].concat()
}

/// A file of one row group. The schema comes without its root, which has so many children.
pub(crate) fn file(children: usize, schema: &[Node<'_>], columns: &[Column]) -> Vec<u8> {
    let mut file = b"PAR1".to_vec();
    let mut chunks = Vec::new();
    for Column { values, codec, dictionary, pages } in columns {
        let start = file.len();
        file.extend(pages);
        let mut chunk = Structure::default()
            .integer(4, *codec)
            .long(5, *values)
            .long(7, pages.len())
            .long(9, start + dictionary);
        if *dictionary > 0 {
            chunk = chunk.long(11, start);
        }
        chunks.push(Structure::default().structure(3, chunk));
    }
    let root = Node::Group { name: "schema", repeats: Repeats::Never, children };
    let elements = std::iter::once(&root).chain(schema).map(Node::structure).collect();
    let metadata = Structure::default()
        .integer(1, 1)
        .list(2, elements)
        .long(3, 1)
        .list(4, vec![Structure::default().list(1, chunks)])
        .end();
    let length = u32::try_from(metadata.len()).expect("small").to_le_bytes();
    [file, metadata, length.to_vec(), b"PAR1".to_vec()].concat()
}
