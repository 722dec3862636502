use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;
use crate::structure::row::Row;

pub(super) const OWN: Own =
    Own { name: "resource", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Applies the processor that has the given label among the `processor_resources` of the configuration.";
    let description = "Several processors can be the same resource, and a resource can use others, though not \
                       itself by way of them. Each use stands for a processor of its own with the settings of the \
                       resource: what it keeps in memory it shares with no other use. What uses have to share \
                       belongs in a cache.";
    let label = FieldSpec::new("", FieldType::String).with_default("").label_of("processor");
    ComponentSpec { description: description.to_owned(), ..spec(OWN.name, summary, label) }
}

struct Resource(Row);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let label: String = opening.settings()?;
    Ok(boxed(Resource(opening.resource(&label).await?)))
}

#[async_trait]
impl Structure for Resource {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        self.0.run(batch).await
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}

#[cfg(test)]
mod tests {
    use forebay_pipeline_message::Origins;

    use crate::structure::trial::{Trial, batch, process, shown};

    const RESOURCES: &str =
        "processor_resources: [{label: twice, double: {}}, {label: more, for_each: [resource: twice]}]";

    #[tokio::test]
    async fn a_resource_may_use_another_and_origins_stay() {
        let mut resource = Trial::new().open("resource: more", RESOURCES).await.unwrap();
        let results = process(&mut *resource, batch(&["a", "b"])).await;
        assert_eq!(shown(&results[0].batch)[0], "a");
        assert_eq!(results[0].origins, Origins::Each(vec![0, 0, 1, 1]));
    }
}
