use forebay_pipeline_message::Origins;

use crate::structure::trial::{Trial, batch, process, shown};

#[tokio::test]
async fn a_message_that_the_cache_says_nothing_of_is_dropped_or_flagged() {
    for (drops, expected) in [(true, &["a"][..]), (false, &["a", "broken!out of order"])] {
        let trial = Trial::new();
        let config = format!("dedupe: {{cache: c, key: '${{! this }}', drop_on_err: {drops}}}");
        let mut dedupe = trial.open(&config, "").await.unwrap();
        let results = process(&mut *dedupe, batch(&["a", "broken", "a"])).await;
        assert_eq!(shown(&results[0].batch), expected);
    }
}

#[tokio::test]
async fn the_last_of_a_batch_stays_unless_messages_stand_for_themselves() {
    for (independent, origins) in [(false, vec![1, 2]), (true, vec![0, 1])] {
        let trial = Trial::new();
        let mut dedupe =
            trial.open("dedupe: {cache: c, key: '${! this }', strategy: LIFO}", "").await.unwrap();
        let results = process(&mut *dedupe, batch(&["a", "b", "a"]).with_independent(independent)).await;
        assert_eq!(results[0].origins, Origins::Each(origins));
    }
}
