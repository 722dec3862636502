use serde_json::json;

use crate::testing::{Messages, cut};

fn scan(archive: &[u8]) -> Messages {
    cut(&json!({"tar": {}}), archive)
}

/// A header as GNU and POSIX have it, with the fields that a test is about.
fn header(name: &[u8], kind: u8, size: usize) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name);
    for (start, digits) in [(100, "0000644"), (108, "0000000"), (116, "0000000"), (136, "00000000000")] {
        block[start..start + digits.len()].copy_from_slice(digits.as_bytes());
    }
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    sealed(block)
}

/// Writes the checksum.
fn sealed(mut block: Vec<u8>) -> Vec<u8> {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn entry(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, kind, content.len());
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// Records with their lengths, which count their own digits.
fn records(records: &[&str]) -> Vec<u8> {
    let sized = |record: &&str| format!("{} {record}\n", record.len() + 4);
    records.iter().map(sized).collect::<String>().into_bytes()
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

#[test]
fn entries_are_messages_with_their_names() {
    let large = "x".repeat(1500);
    let entries = [
        entry(b"a.txt", b'0', b"one\n"),
        entry(b"b/", 0, b""),
        entry(b"b/c", b'0', large.as_bytes()),
        entry(b"l", b'2', b""),
    ];
    let expected = ["one\n tar_name=a.txt", " tar_name=b/", &format!("{large} tar_name=b/c"), " tar_name=l"];
    let messages = scan(&[archive(&entries), b"what follows".to_vec()].concat());
    assert_eq!(messages.texts().len(), 4);
    assert_eq!(messages.details(), expected);
    // The end need not be marked.
    assert_eq!(scan(&entries.concat()).details(), expected);
    assert!(scan(b"").texts().is_empty());
}

#[test]
fn long_names_come_before_their_entries() {
    let long = "n".repeat(200);
    let messages = scan(&archive(&[
        entry(b"././@LongLink", b'L', format!("{long}\0").as_bytes()),
        entry(b"short", b'0', b"1"),
        entry(b"PaxHeaders/x", b'x', b"16 path=\xc3\xa9/long\n10 size=1\n"),
        header(b"short", b'0', 0),
        [b"2".to_vec(), vec![0; 511]].concat(),
        entry(b"pax_global_header", b'g', b"13 comment=x\n"),
        entry(b"last", b'0', b"3"),
    ]));
    assert_eq!(
        messages.details(),
        [
            &format!("1 tar_name={long}"),
            "2 tar_name=\u{e9}/long",
            " tar_name=pax_global_header",
            "3 tar_name=last"
        ]
    );
}

#[test]
fn a_prefix_stands_before_the_name() {
    let mut block = header(b"name", b'0', 0);
    block[345..351].copy_from_slice(b"folder");
    assert_eq!(scan(&archive(&[sealed(block)])).details(), [" tar_name=folder/name"]);
}

#[test]
fn holes_are_filled() {
    // The form of PAX with the map before the content.
    let pax = records(&[
        "GNU.sparse.major=1",
        "GNU.sparse.minor=0",
        "GNU.sparse.name=holes",
        "GNU.sparse.realsize=10",
    ]);
    let mut content = b"2\n2\n1\n8\n2\n".to_vec();
    content.resize(512, 0);
    content.extend_from_slice(b"abc");
    let messages = scan(&archive(&[entry(b"p", b'x', &pax), entry(b"GNUSparseFile/holes", b'0', &content)]));
    assert_eq!(messages.texts(), ["\0\0a\0\0\0\0\0bc"]);
    assert_eq!(messages.details(), ["\0\0a\0\0\0\0\0bc tar_name=holes"]);
    // The older form, with the map in the description.
    let pax = records(&["GNU.sparse.size=10", "GNU.sparse.numblocks=2", "GNU.sparse.map=2,1,8,2"]);
    let entries = [entry(b"p", b'x', &pax), entry(b"holes", b'0', b"abc")];
    assert_eq!(scan(&archive(&entries)).texts(), ["\0\0a\0\0\0\0\0bc"]);
    // The form of GNU, with the map in the header.
    let mut block = header(b"holes", b'S', 3);
    block[257..265].copy_from_slice(b"ustar  \0");
    for (at, number) in [(386, 2), (398, 1), (410, 8), (422, 2), (483, 10)] {
        block[at..at + 11].copy_from_slice(format!("{number:011o}").as_bytes());
    }
    let entry = [sealed(block), b"abc".to_vec(), vec![0; 509]].concat();
    assert_eq!(scan(&archive(&[entry])).texts(), ["\0\0a\0\0\0\0\0bc"]);
}

#[test]
fn holes_have_a_limit() {
    let pax = records(&[
        "GNU.sparse.size=900000000000",
        "GNU.sparse.numblocks=0",
        "GNU.sparse.major=0",
        "GNU.sparse.minor=1",
    ]);
    let error = scan(&archive(&[entry(b"p", b'x', &pax), entry(b"holes", b'0', b"")])).error;
    assert_eq!(
        error.as_deref(),
        Some("a sparse file of 900000000000 bytes is in the archive; 134217728 bytes are the limit")
    );
}

#[test]
fn what_is_no_archive_is_a_mistake() {
    let good = entry(b"a", b'0', b"1");
    let mut wrong = header(b"b", b'0', 0);
    wrong[0] = b'c';
    let messages = scan(&[good.clone(), wrong].concat());
    assert_eq!(
        (messages.all(), messages.error.as_deref()),
        (vec!["1".to_owned()], Some("archive/tar: invalid tar header"))
    );
    let messages = scan(&[good.clone(), header(b"b", b'0', 600), vec![b'x'; 512]].concat());
    assert_eq!((messages.all(), messages.error.as_deref()), (vec!["1".to_owned()], Some("unexpected EOF")));
    let messages = scan(&[good, b"half a header".to_vec()].concat());
    assert_eq!(messages.error.as_deref(), Some("unexpected EOF"));
    let half = [vec![0; 512], header(b"b", b'0', 0)].concat();
    assert_eq!(scan(&half).error.as_deref(), Some("archive/tar: invalid tar header"));
}
