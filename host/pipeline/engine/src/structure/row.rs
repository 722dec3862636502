//! Processors inside a component.

use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::LostInstance;

use super::order::in_order;
use crate::chain::Link;

/// Processors in a row, each of which does all batches before the next one does any.
pub(crate) struct Row {
    links: Vec<Link>,
}

impl Row {
    pub(crate) fn new(links: Vec<Link>) -> Self {
        Self { links }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// What the processors make of a batch; origins are in that batch, and no result is empty.
    ///
    /// # Errors
    /// One of them was lost, and with it the batch.
    pub(crate) async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        self.run_behind(0, batch).await
    }

    /// The same for those behind the first so many of them.
    ///
    /// # Errors
    /// As [`Row::run`].
    pub(crate) async fn run_behind(
        &mut self,
        first: usize,
        batch: Batch,
    ) -> Result<Vec<Processed>, LostInstance> {
        let mut current = vec![Processed { batch, origins: Origins::Same }];
        for link in self.links.iter_mut().skip(first) {
            let mut next = Vec::with_capacity(current.len());
            for Processed { batch, origins } in current {
                let results = link.apply(&batch).await?;
                let left = results.into_iter().filter(|result| !result.batch.is_empty());
                next.extend(left.map(|result| of_part(&origins, result)));
            }
            current = next;
        }
        Ok(current)
    }

    /// What the processors make of the messages of a batch, each a batch of its own, as one batch in the order of
    /// their sources.
    ///
    /// # Errors
    /// As [`Row::run`].
    pub(crate) async fn run_each(&mut self, batch: &Batch) -> Result<Processed, LostInstance> {
        let results = self.run(batch.with_independent(true)).await?;
        Ok(in_order(results, batch))
    }

    /// The same, but a message that a processor has failed for passes by those after it.
    ///
    /// # Errors
    /// As [`Row::run`].
    pub(crate) async fn try_each(&mut self, batch: &Batch) -> Result<Processed, LostInstance> {
        let mut current = Processed { batch: batch.with_independent(true), origins: Origins::Same };
        for link in &mut self.links {
            let Processed { batch: so_far, origins } = current;
            let (fit, failed) = by_error(&so_far);
            let mut parts = vec![chosen(&so_far, &failed)];
            if !fit.is_empty() {
                let fit = chosen(&so_far, &fit);
                let results = link.apply(&fit.batch).await?;
                parts.extend(results.into_iter().map(|result| of_part(&fit.origins, result)));
            }
            current = of_part(&origins, in_order(parts, &so_far));
        }
        let Processed { batch: made, origins } = current;
        Ok(Processed { batch: made.with_independent(batch.independent()), origins })
    }

    pub(crate) async fn close(&mut self) {
        for link in &mut self.links {
            link.processor.close().await;
        }
    }
}

/// The indexes of the messages that are not flagged with an error, and of those that are.
pub(crate) fn by_error(batch: &Batch) -> (Vec<u32>, Vec<u32>) {
    if batch.errors().is_none() {
        return ((0..).take(batch.len()).collect(), Vec::new());
    }
    let (failed, fit): (Vec<_>, Vec<_>) =
        (0..).zip(batch.iter()).partition(|(_, message)| message.error().is_some());
    let indexes = |messages: Vec<(u32, _)>| messages.into_iter().map(|(index, _)| index).collect();
    (indexes(fit), indexes(failed))
}

/// What was made of a part of something, as made of the whole.
pub(crate) fn of_part(part: &Origins, made: Processed) -> Processed {
    let origins = part.then(&made.origins, made.batch.len());
    Processed { batch: made.batch, origins }
}

/// The messages of a batch with these indexes, which are in it.
pub(crate) fn chosen(batch: &Batch, indexes: &[u32]) -> Processed {
    if indexes.len() == batch.len() && (0..).zip(indexes).all(|(at, index)| at == *index) {
        return Processed { batch: batch.clone(), origins: Origins::Same };
    }
    let chosen = batch.select(indexes).expect("the indexes are of this batch");
    Processed { batch: chosen, origins: Origins::Each(indexes.to_vec()) }
}
