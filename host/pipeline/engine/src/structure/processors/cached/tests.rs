use forebay_pipeline_message::Origins;

use crate::structure::trial::{Trial, batch, process, shown};

#[tokio::test]
async fn results_stand_where_their_messages_did() {
    let trial = Trial::new();
    let config = "cached: {cache: c, key: '${! this }', processors: [double: {}]}";
    let mut cached = trial.open(config, "").await.unwrap();
    for independent in [false, true] {
        let results =
            process(&mut *cached, batch(&["a", "broken", "b", "a"]).with_independent(independent)).await;
        assert_eq!(
            shown(&results[0].batch),
            ["a", "a of 1", "broken!out of order", "b", "b of 1", "a", "a of 1"]
        );
        assert_eq!(results[0].origins, Origins::Each(vec![0, 0, 1, 2, 2, 3, 3]));
        assert_eq!(results[0].batch.independent(), independent);
    }
    assert_eq!(trial.map.0.lock().unwrap().len(), 2);
}
