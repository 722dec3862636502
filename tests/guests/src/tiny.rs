use std::collections::BTreeMap;

/// A component of a few hundred bytes, written by hand: it describes itself, and exports what it is
/// told to. What it exports beside its description has the right names and nothing else.
#[derive(Debug, Clone)]
pub struct Tiny {
    description: String,
    describe: Describe,
    exports: BTreeMap<String, Vec<String>>,
    imports: Vec<String>,
    starts: Option<Describe>,
    tables: usize,
}

/// What its `describe` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Describe {
    /// Returns the description.
    Returns,
    Traps,
    /// Never returns.
    Loops,
}

/// The interface that every plugin exports.
pub const DESCRIPTION: &str = "forebay:plugin/description@0.1.0";
/// The interface of caches, and its functions.
const CACHES: (&str, [&str; 7]) =
    ("forebay:plugin/caches@0.1.0", ["open", "connect", "get", "set", "add", "delete", "close"]);

/// Where the module keeps the address and the length of its text, and then the text.
const TEXT: u8 = 8;

impl Tiny {
    /// A component without exports.
    #[must_use]
    pub fn component() -> Self {
        Self {
            description: String::new(),
            describe: Describe::Returns,
            exports: BTreeMap::new(),
            imports: Vec::new(),
            starts: None,
            tables: 0,
        }
    }

    /// A component that describes itself with this text.
    #[must_use]
    pub fn described(description: impl Into<String>) -> Self {
        Self { description: description.into(), ..Self::component() }.exporting(DESCRIPTION, &["describe"])
    }

    /// A plugin with these caches, which it exports.
    #[must_use]
    pub fn plugin(name: &str, caches: &[&str]) -> Self {
        let caches: Vec<_> =
            caches.iter().map(|name| serde_json::json!({"kind": "cache", "name": name})).collect();
        let plugin = serde_json::json!({"contract": 1, "plugin": {"name": name}, "components": caches});
        Self::described(plugin.to_string()).exporting(CACHES.0, &CACHES.1)
    }

    /// The same with an instance of these functions among its exports.
    #[must_use]
    pub fn exporting(mut self, interface: &str, functions: &[&str]) -> Self {
        self.exports.insert(interface.to_owned(), functions.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// The same with an import of an instance in which nothing is asked for.
    #[must_use]
    pub fn importing(mut self, interface: &str) -> Self {
        self.imports.push(interface.to_owned());
        self
    }

    /// The same with another `describe`.
    #[must_use]
    pub fn that(self, describe: Describe) -> Self {
        Self { describe, ..self }
    }

    /// The same, whose instances do this when they are made.
    #[must_use]
    pub fn starting(self, how: Describe) -> Self {
        Self { starts: Some(how), ..self }
    }

    /// The same with a table of so many entries in every instance.
    #[must_use]
    pub fn with_table(self, entries: usize) -> Self {
        Self { tables: entries, ..self }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = b"\0asm\x0d\0\x01\0".to_vec();
        // Types: a function that returns text, one that returns nothing, an empty instance.
        section(&mut out, 7, &[b"\x03\x40\0\0\x73\x40\0\x01\0\x42\0".to_vec()]);
        let import = |name: &String| [b"\0", &*text(name), b"\x05\x02"].concat();
        section(&mut out, 10, &[list(self.imports.iter().map(import))]);
        section(&mut out, 1, &[self.module()]);
        // The module's instance, and what is taken out of it: two functions and the memory.
        section(&mut out, 2, &[b"\x01\0\0\0".to_vec()]);
        let alias = |sort: u8, name| [vec![0, sort, 1, 0], text(name)].concat();
        section(&mut out, 6, &[list([alias(0, "describe"), alias(0, "nothing"), alias(2, "memory")])]);
        // Both functions, lifted: the first with the memory that holds its text.
        section(&mut out, 8, &[b"\x02\0\0\0\x01\x03\0\0\0\0\x01\0\x01".to_vec()]);
        let instance = |functions: &Vec<String>| {
            let export = |name: &String| {
                let function = u8::from(name != "describe");
                [vec![0], text(name), vec![1, function]].concat()
            };
            [vec![1], list(functions.iter().map(export))].concat()
        };
        section(&mut out, 5, &[list(self.exports.values().map(instance))]);
        let first = self.imports.len();
        let export = |(index, name): (usize, &String)| {
            [vec![0], text(name), vec![5], number(first + index), vec![0]].concat()
        };
        section(&mut out, 11, &[list(self.exports.keys().enumerate().map(export))]);
        out
    }

    /// The core module in it.
    fn module(&self) -> Vec<u8> {
        let mut out = b"\0asm\x01\0\0\0".to_vec();
        section(&mut out, 1, &[b"\x02\x60\0\x01\x7f\x60\0\0".to_vec()]);
        section(&mut out, 3, &[b"\x03\0\x01\x01".to_vec()]);
        section(&mut out, 4, &[b"\x01\x70\0".to_vec(), number(self.tables)]);
        section(&mut out, 5, &[b"\x01\0\x01".to_vec()]);
        let export = |name, what: [u8; 2]| [text(name), what.to_vec()].concat();
        let exports = [export("describe", [0, 0]), export("nothing", [0, 1]), export("memory", [2, 0])];
        section(&mut out, 7, &[list(exports)]);
        if self.starts.is_some() {
            section(&mut out, 8, &[vec![2]]);
        }
        let body = |how, returns: &[u8]| match how {
            Describe::Returns => [&[0], returns, &[0x0b]].concat(),
            Describe::Traps => vec![0, 0x00, 0x0b],
            Describe::Loops => vec![0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x00, 0x0b],
        };
        let describe = body(self.describe, &[0x41, TEXT]);
        let start = body(self.starts.unwrap_or(Describe::Returns), &[]);
        let code = |body: Vec<u8>| [number(body.len()), body].concat();
        section(&mut out, 10, &[list([code(describe), code(vec![0, 0x0b]), code(start)])]);
        let length = u32::try_from(self.description.len()).unwrap_or(u32::MAX);
        let header = [u32::from(TEXT + 8).to_le_bytes(), length.to_le_bytes()].concat();
        let data = [header, self.description.clone().into_bytes()].concat();
        section(&mut out, 11, &[b"\x01\0\x41".to_vec(), vec![TEXT, 0x0b], number(data.len()), data]);
        out
    }
}

fn section(out: &mut Vec<u8>, id: u8, parts: &[Vec<u8>]) {
    let content = parts.concat();
    out.push(id);
    out.extend(number(content.len()));
    out.extend(content);
}

fn list(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<_> = items.into_iter().collect();
    [number(items.len()), items.concat()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [number(text.len()), text.as_bytes().to_vec()].concat()
}

/// LEB128.
fn number(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = number;
    while rest >= 0x80 {
        bytes.push(u8::try_from(rest & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).unwrap_or_default());
    bytes
}
