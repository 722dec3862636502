use super::{Question, Reader};

/// The head of a value with a size below 285, as the format writes it.
fn head(kind: u8, size: usize) -> Vec<u8> {
    let (size, extra) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
    let small = |size: usize| u8::try_from(size).expect("small");
    let mut out = if kind > 7 { vec![small(size), kind - 7] } else { vec![kind << 5 | small(size)] };
    out.extend(extra.map(small));
    out
}

fn text(text: &str) -> Vec<u8> {
    [head(2, text.len()), text.as_bytes().to_vec()].concat()
}

fn number(value: u16) -> Vec<u8> {
    [head(5, 2), value.to_be_bytes().to_vec()].concat()
}

fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    entries
}

/// A database with one node: addresses from 128.0.0.0 on have a record.
fn file(kind: &str, version: u16, record: &[u8]) -> Vec<u8> {
    let tree = [[0, 0, 1], [0, 0, 1 + 16]].concat();
    let described = [
        head(7, 4),
        map(&[
            ("database_type", text(kind)),
            ("ip_version", number(version)),
            ("node_count", number(1)),
            ("record_size", number(24)),
        ]),
    ]
    .concat();
    [tree, vec![0; 16], record.to_vec(), b"\xAB\xCD\xEFMaxMind.com".to_vec(), described].concat()
}

fn ask(content: Vec<u8>, question: Question, address: &str) -> String {
    let answer = Reader::new(content).and_then(|reader| reader.answer(question, address));
    answer.map_or_else(
        |error| format!("error: {error}"),
        |value| {
            let mut out = Vec::new();
            value.write_json(&mut out);
            String::from_utf8(out).expect("text")
        },
    )
}

fn asn() -> Vec<u8> {
    let record = [
        head(7, 3),
        map(&[
            ("autonomous_system_number", number(64_512)),
            ("unknown", [head(7, 1), map(&[("a", [head(11, 1), text("b")].concat())])].concat()),
            ("autonomous_system_organization", text("Example")),
        ]),
    ]
    .concat();
    file("GeoLite2-ASN", 4, &record)
}

#[test]
fn an_address_with_a_record_is_described_and_another_is_empty() {
    let known = r#"{"AutonomousSystemNumber":64512,"AutonomousSystemOrganization":"Example"}"#;
    assert_eq!(ask(asn(), Question::Asn, "200.1.2.3"), known);
    assert_eq!(ask(asn(), Question::Asn, "::ffff:200.1.2.3"), known);
    let unknown = r#"{"AutonomousSystemNumber":0,"AutonomousSystemOrganization":""}"#;
    assert_eq!(ask(asn(), Question::Asn, "1.2.3.4"), unknown);
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(
        ask(asn(), Question::City, "1.2.3.4"),
        "error: geoip2: the City method does not support the GeoLite2-ASN database"
    );
    assert_eq!(
        ask(asn(), Question::Asn, "x"),
        "error: value x does not appear to be a valid v4 or v6 IP address"
    );
    assert_eq!(
        ask(asn(), Question::Asn, "2001:db8::1"),
        "error: error looking up '2001:db8::1': you attempted to look up an IPv6 address in an IPv4-only database"
    );
    assert_eq!(
        ask(b"{}".to_vec(), Question::Asn, "1.2.3.4"),
        "error: error opening database: invalid MaxMind DB file"
    );
    let other = file("Other", 4, &head(7, 0));
    assert_eq!(
        ask(other, Question::Asn, "1.2.3.4"),
        "error: geoip2: reader does not support the \"Other\" database type"
    );
}

#[test]
fn a_pointer_to_itself_and_any_cut_file_are_errors_at_worst() {
    let round = file("GeoLite2-ASN", 4, &[0x20, 0]);
    assert!(ask(round, Question::Asn, "200.1.2.3").starts_with("error: exceeded maximum"));
    let whole = asn();
    for length in 0..whole.len() {
        let _ = ask(whole[..length].to_vec(), Question::Asn, "200.1.2.3");
        let mut broken = whole.clone();
        broken[length] ^= 0xff;
        let _ = ask(broken, Question::Asn, "200.1.2.3");
    }
}
