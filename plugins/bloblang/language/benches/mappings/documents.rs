//! Documents as services log them.

/// A document of about `size` bytes: a small order, with as many items and notes as it takes.
pub(crate) fn of(size: usize) -> Vec<u8> {
    let mut items = Vec::new();
    loop {
        let document = order(&items);
        if document.len() >= size {
            return document.into_bytes();
        }
        let number = items.len();
        items.push(format!(
            r#"{{"sku":"A-{number}","name":"Item number {number}","price":{number}.50,"count":{},"tags":["new","red"]}}"#,
            number % 7 + 1
        ));
    }
}

fn order(items: &[String]) -> String {
    let items = items.join(",");
    format!(
        r#"{{"id":"c3a1f7","type":"order","user":{{"name":"Sam Doe","email":"Sam@example.com"}},"total":19.75,"count":3,"created":"2026-11-20T08:15:30Z","level":"warn","ok":true,"items":[{items}]}}"#
    )
}
