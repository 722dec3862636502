//! Mappings that look at one batch and change another: see `mapping.run-onto` of the contract.

use forebay_bloblang::{Place, Places, Text};
use forebay_sdk::{Batch, Changed, Target, Targets, waits};

use crate::messages::Seen;
use crate::runner::{self, Runner, STRETCH};

pub(crate) fn run(runner: &mut Runner, batch: &Batch, onto: &Batch) -> Changed {
    let independent = batch.independent();
    let mut writer = onto.writer();
    let mut deleted = Vec::new();
    for index in 0..onto.len() {
        if onto.message(index).error().is_some() {
            writer.keep(index);
            continue;
        }
        let (seen, at) = Seen::around(batch, independent, index);
        let (target, target_at) = Seen::around(onto, independent, index);
        let changed = runner.change((&seen, at), (&target, target_at), writer.payload());
        if changed.deleted {
            deleted.push(index);
        }
        runner::write(changed.outcome, &mut writer);
        writer.end(index);
        if (index + 1).is_multiple_of(STRETCH) {
            waits::give_way();
        }
    }
    Changed { batch: writer.finish().batch, deleted }
}

/// What a mapping reads and writes.
pub(crate) fn targets(runner: &Runner) -> Option<Targets> {
    let Places { reads, writes } = runner.places()?;
    let all = |places: Vec<Place>| places.into_iter().map(target).collect();
    Some(Targets { reads: all(reads), writes: all(writes) })
}

fn target(place: Place) -> Target {
    let names = |path: Vec<Text>| path.iter().map(ToString::to_string).collect();
    match place {
        Place::Document(path) => Target::Document(names(path)),
        Place::Metadata(path) => Target::Metadata(names(path)),
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::expressions::Form;
    use forebay_sdk::{Batch, BlockWriter, Changed, MappingLanguage, MappingText, testing};

    use crate::language::Bloblang;

    fn onto(source: &str, batch: &Batch, onto: Batch) -> Changed {
        Bloblang::compile(MappingText::new(source, Form::Mapping)).expect("it compiles").run_onto(batch, onto)
    }

    #[test]
    fn every_message_changes_the_one_with_its_index() {
        let results = Batch::from_payloads([r#"{"a":1}"#, r#"{"a":2}"#]);
        let originals = Batch::from_payloads([r#"{"b":1}"#, "raw"]);
        let changed = onto("root.a = this.a\nmeta at = batch_index()", &results, originals);
        assert_eq!(testing::texts(&changed.batch), [r#"{"a":1,"b":1}"#, r#"{"a":2}"#]);
        assert!(changed.batch.message(1).metadata("at").is_some() && changed.deleted.is_empty());
    }

    #[test]
    fn a_message_with_an_error_passes_by() {
        let mut block = BlockWriter::with_capacity(2, 0);
        block.push(b"{}");
        block.push(b"{ }");
        block.push_error(1, "skipped");
        let looked_at = Batch::from_payloads([r#"{"a":1}"#, r#"{"a":2}"#]);
        let changed = onto("root.a = this.a", &looked_at, Batch::from_block(block));
        assert_eq!(testing::texts(&changed.batch), [r#"{"a":1}"#, "{ }"]);
        assert_eq!(changed.batch.message(1).error(), Some("skipped"));
    }

    #[test]
    fn those_that_are_deleted_are_told() {
        let looked_at = Batch::from_payloads(["1", "2"]);
        let source = "root = if this == 2 { deleted() } else { this }";
        let changed = onto(source, &looked_at, Batch::from_payloads(["", "x"]));
        assert_eq!(
            (testing::texts(&changed.batch), changed.deleted),
            (vec!["1".to_owned(), "x".to_owned()], vec![1])
        );
    }
}
