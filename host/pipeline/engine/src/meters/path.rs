/// The path of a component as Bento's metrics have it: below `root`, and without what Bento leaves out, which are the
/// indexes of resources, of cases (of the processor and of the output `switch`) and of groups, and the names of the
/// branches of a workflow.
pub(crate) fn path_of_metrics(path: &str) -> String {
    let segments: Vec<&str> = path.split('.').collect();
    let mut shown = vec!["root"];
    let mut rest = segments.as_slice();
    while let Some((&first, others)) = rest.split_first() {
        shown.push(first);
        rest = match (first, others) {
            ("switch" | "group_by", [index, further @ ..])
                if is_index(index) && further.first() == Some(&"processors") =>
            {
                further
            }
            ("switch", ["cases", index, further @ ..])
                if is_index(index) && further.first() == Some(&"output") =>
            {
                further
            }
            ("workflow", ["branches", _, further @ ..]) if further.first() == Some(&"processors") => further,
            (_, [index, further @ ..])
                if shown.len() == 2 && first.ends_with("_resources") && is_index(index) =>
            {
                further
            }
            _ => others,
        };
    }
    shown.join(".")
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_bento() {
        for (path, expected) in [
            ("input", "root.input"),
            ("pipeline.processors.0", "root.pipeline.processors.0"),
            ("pipeline.processors.1.try.0", "root.pipeline.processors.1.try.0"),
            ("pipeline.processors.2.switch.1.processors.0", "root.pipeline.processors.2.switch.processors.0"),
            ("output.switch.cases.1.output", "root.output.switch.output"),
            ("output.broker.outputs.0.processors.0", "root.output.broker.outputs.0.processors.0"),
            ("processor_resources.3.try.0", "root.processor_resources.try.0"),
            ("cache_resources.0", "root.cache_resources"),
            (
                "pipeline.processors.7.workflow.branches.a.processors.0",
                "root.pipeline.processors.7.workflow.processors.0",
            ),
        ] {
            assert_eq!(path_of_metrics(path), expected);
        }
    }
}
