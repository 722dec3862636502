use super::{RFC3339, parse};

fn read(layout: &str, value: &str) -> String {
    parse(layout, value).map_or_else(|error| error, |at| at.to_string())
}

#[test]
fn layouts_read_what_go_reads() {
    let cases = [
        (RFC3339, "2020-08-14T11:50:26.371Z", "2020-08-14T11:50:26.371Z"),
        (RFC3339, "2020-08-14T11:50:26+02:00", "2020-08-14T11:50:26+02:00"),
        (RFC3339, "2020-08-14T11:50:26-00:00", "2020-08-14T11:50:26Z"),
        ("2006-Jan-02", "2020-Aug-14", "2020-08-14T00:00:00Z"),
        ("Jan _2 2006", "aug  4 2020", "2020-08-04T00:00:00Z"),
        ("02 Jan 06 15:04 MST", "02 Jan 69 15:04 CEST", "1969-01-02T15:04:00Z"),
        ("02 Jan 06 15:04 MST", "02 Jan 68 15:04 GMT+3", "2068-01-02T18:04:00+03:00"),
        ("3:04PM", "12:04AM", "0000-01-01T00:04:00Z"),
        ("15:04:05", "1:02:03,5", "0000-01-01T01:02:03.5Z"),
        ("2006 002", "2020 366", "2020-12-31T00:00:00Z"),
        ("2006-01-02 -070000", "2020-02-29 +013015", "2020-02-29T00:00:00+01:30"),
        ("05.000", "07.125", "0000-01-01T00:00:07.125Z"),
    ];
    for (layout, value, expected) in cases {
        assert_eq!(read(layout, value), expected, "{layout} {value}");
    }
}

#[test]
fn what_is_wrong_with_a_time_is_told() {
    let cases = [
        ("2006-01-02", "2020-1-2", r#"parsing time "2020-1-2" as "2006-01-02": cannot parse "1-2" as "01""#),
        ("2006-01-02", "2020-13-02", r#"parsing time "2020-13-02": month out of range"#),
        ("2006-01-02", "2021-02-29", r#"parsing time "2021-02-29": day out of range"#),
        ("2006", "2020 ", r#"parsing time "2020 ": extra text: " ""#),
        ("15:04", "24:00", r#"parsing time "24:00": hour out of range"#),
        ("2006 002", "2021 366", r#"parsing time "2021 366": day-of-year out of range"#),
        ("2006", "\u{e9}", r#"parsing time "\xc3\xa9" as "2006": cannot parse "\xc3\xa9" as "2006""#),
    ];
    for (layout, value, expected) in cases {
        assert_eq!(read(layout, value), expected, "{layout} {value}");
    }
}
