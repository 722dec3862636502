use forebay_pipeline_message::Origins;

use crate::structure::trial::{Trial, batch, process, shown};

#[tokio::test]
async fn what_a_cache_says_is_named_with_the_key() {
    let trial = Trial::new();
    let mut cache =
        trial.open("cache: {resource: c, operator: set, key: '${! this }', value: v}", "").await.unwrap();
    let results = process(&mut *cache, batch(&["a", "broken"]).with_independent(true)).await;
    assert_eq!(shown(&results[0].batch), ["a", "broken!operator failed for key 'broken': out of order"]);
    assert_eq!(results[0].origins, Origins::Same);
    assert!(results[0].batch.independent());
    assert_eq!(trial.map.0.lock().unwrap()["a"], b"v");
}
