//! How time is cut into windows.

use super::system_window::{Window, Windows, rfc3339};

const SECOND: i128 = 1_000_000_000;

fn windows(size: i128, step: i128, offset: i128) -> Windows {
    Windows { size: size * SECOND, step: step * SECOND, offset: offset * SECOND, lateness: 0 }
}

fn window(first: i128, size: i128) -> Window {
    Window { first: first * SECOND + 1, last: (first + size) * SECOND }
}

#[test]
fn a_window_is_the_one_that_the_moment_is_in() {
    let windows = windows(10, 10, 0);
    for moment in [101, 104, 105, 109] {
        assert_eq!(windows.next(moment * SECOND), window(100, 10), "{moment}");
    }
    // Its last nanosecond is the first one of the minute.
    assert_eq!(windows.next(110 * SECOND), window(100, 10));
    assert_eq!(windows.next(110 * SECOND + 1), window(110, 10));
}

#[test]
fn windows_that_overlap_end_one_after_the_other() {
    let windows = windows(30, 10, 0);
    assert_eq!(windows.next(104 * SECOND), window(80, 30));
    assert_eq!(windows.next(111 * SECOND), window(90, 30));
}

#[test]
fn windows_can_begin_later() {
    let windows = windows(60, 60, 15);
    assert_eq!(windows.next(130 * SECOND), window(75, 60));
    assert_eq!(windows.next(140 * SECOND), window(135, 60));
}

#[test]
fn the_end_of_a_window_is_written_with_its_fraction() {
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    assert_eq!(rfc3339(951_782_400 * SECOND + 500_000_000), "2000-02-29T00:00:00.5Z");
    assert_eq!(rfc3339(window(0, 10).last - 1), "1970-01-01T00:00:09.999999999Z");
}
