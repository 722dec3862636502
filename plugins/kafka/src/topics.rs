//! What the field `topics` names.

use std::collections::BTreeMap;

use forebay_sdk::Problem;

/// The most partitions of one range.
const MOST: i32 = 100_000;

/// What is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Topics {
    /// Whole topics.
    pub(crate) names: Vec<String>,
    /// Partitions that are named, each with its offset: from 0 on, -1 for the end, -2 for the beginning.
    pub(crate) partitions: BTreeMap<(String, i32), i64>,
}

impl Topics {
    /// Reads the elements of a list, each of which may name several, with commas between them. `default` is the offset
    /// where none is given.
    ///
    /// # Errors
    /// When one of them is malformed; it is named.
    pub(crate) fn parse(elements: &[String], default: i64) -> Result<Self, Problem> {
        let mut topics = Self::default();
        for element in elements.iter().flat_map(|element| element.split(',')) {
            let element = element.trim();
            if element.is_empty() {
                continue;
            }
            let refuse = |reason: &str| {
                Problem::new(format!(
                    "{element:?} is no topic, no `topic:partition`, `topic:from-to` or `topic:partition:offset`: {reason}"
                ))
            };
            let Some((topic, place)) = element.split_once(':') else {
                topics.names.push(element.to_owned());
                continue;
            };
            let topic = topic.trim();
            if topic.is_empty() {
                return Err(refuse("the topic is empty"));
            }
            let (range, offset) = match place.split_once(':') {
                None => (place, default),
                Some((range, offset)) => {
                    (range, number(offset).ok_or_else(|| refuse("the offset is no number"))?)
                }
            };
            if offset < -2 {
                return Err(refuse("an offset is -2 (the beginning), -1 (the end) or more"));
            }
            let (from, to) = partitions(range).ok_or_else(|| refuse("a partition is a number from 0 on"))?;
            if to < from {
                return Err(refuse("the range ends before it begins"));
            }
            if to - from >= MOST {
                return Err(refuse("a range has 100000 partitions at most"));
            }
            for partition in from..=to {
                topics.add(topic, partition, offset, default);
            }
        }
        Ok(topics)
    }

    /// Reads a list of regular expressions, of which an element may have several, with commas between them. Partitions
    /// are those of elements that look like them.
    pub(crate) fn matching(elements: &[String]) -> Self {
        let mut topics = Self::default();
        for element in elements.iter().flat_map(|element| element.split(',')).map(str::trim) {
            match Self::parse(&[element.to_owned()], -1) {
                Ok(Self { partitions, .. }) if !partitions.is_empty() => topics.partitions.extend(partitions),
                _ if element.is_empty() => {}
                // A colon is a part of it.
                _ => topics.names.push(element.to_owned()),
            }
        }
        topics
    }

    /// The last offset that is given counts; the default one takes nobody's place.
    fn add(&mut self, topic: &str, partition: i32, offset: i64, default: i64) {
        let known = self.partitions.entry((topic.to_owned(), partition)).or_insert(offset);
        if offset != default {
            *known = offset;
        }
    }
}

/// The first and the last partition of `P` or `A-B`.
fn partitions(range: &str) -> Option<(i32, i32)> {
    let partition = |text| i32::try_from(number(text)?).ok().filter(|partition| *partition >= 0);
    match range.split_once('-') {
        None => partition(range).map(|only| (only, only)),
        Some((from, to)) => partition(from).zip(partition(to)),
    }
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a list says: topics, then partitions with their offsets.
    fn shown(elements: &[&str], default: i64) -> String {
        let elements: Vec<String> = elements.iter().map(|element| (*element).to_owned()).collect();
        let Topics { mut names, partitions } = Topics::parse(&elements, default).unwrap();
        names.extend(
            partitions.iter().map(|((topic, partition), offset)| format!("{topic}/{partition}@{offset}")),
        );
        names.join(" ")
    }

    fn problem(element: &str) -> String {
        Topics::parse(&[element.to_owned()], -1).unwrap_err().to_string()
    }

    #[test]
    fn topics_stand_in_elements_and_between_commas() {
        assert_eq!(shown(&["orders"], -1), "orders");
        assert_eq!(shown(&["orders", "bills"], -1), "orders bills");
        assert_eq!(shown(&["  orders ,bills", " carts,"], -1), "orders bills carts");
        assert_eq!(shown(&[], -1), "");
    }

    #[test]
    fn partitions_and_ranges_stand_behind_a_colon() {
        assert_eq!(shown(&["orders", "bills:3"], -1), "orders bills/3@-1");
        assert_eq!(
            shown(&["orders:2-4,bills:0-1"], -2),
            "bills/0@-2 bills/1@-2 orders/2@-2 orders/3@-2 orders/4@-2"
        );
        assert_eq!(shown(&["orders:7-7"], -2), "orders/7@-2");
    }

    #[test]
    fn the_last_offset_that_is_given_counts() {
        assert_eq!(shown(&["orders:5:7"], -1), "orders/5@7");
        assert_eq!(shown(&["orders:1-3:9", "orders:2:4"], -1), "orders/1@9 orders/2@4 orders/3@9");
        assert_eq!(shown(&["orders:1-3:9", "orders:2"], -1), "orders/1@9 orders/2@9 orders/3@9");
        assert_eq!(shown(&["orders:2:9", "orders:2:-1"], -1), "orders/2@9");
        assert_eq!(shown(&["orders:2:9", "orders:2:-1"], -2), "orders/2@-1");
        assert_eq!(shown(&["orders:2", "orders:2:0"], -2), "orders/2@0");
    }

    #[test]
    fn expressions_may_have_colons() {
        let elements = ["(?:orders|bills)_.*,carts".to_owned(), "things:0".to_owned()];
        let Topics { names, partitions } = Topics::matching(&elements);
        assert_eq!(names, ["(?:orders|bills)_.*", "carts"]);
        assert_eq!(partitions.len(), 1);
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (element, reason) in [
            ("orders:", "a partition is a number"),
            ("orders:x", "a partition is a number"),
            ("orders:-1", "a partition is a number"),
            ("orders:3-", "a partition is a number"),
            ("orders:5-3", "ends before it begins"),
            ("orders:0-2147483647", "100000 partitions at most"),
            ("orders:1:x", "the offset is no number"),
            ("orders:1:2:3", "the offset is no number"),
            ("orders:1:-3", "an offset is -2"),
            (":1", "the topic is empty"),
        ] {
            let problem = problem(element);
            assert!(problem.contains(reason) && problem.contains(element), "{element}: {problem}");
        }
    }
}
