use forebay_sdk::{serde_json, serde_json::json};

use super::*;

/// What Bento's caches answered when room was for five keys: of each step its kind, the key, and for those that ask
/// whether there was a value (`g`) or none (`a`, which adds one then).
const STANDARD: &str = "
    ga- sc si sb sb gd- ga- sa ge- sj sc gd- gb+ gh- gb+ sf sd ab- ge- gc+ ac- sc sf gb+ ab- sb dj ge- sf gc+ ad-
    ga- sh sc ab- db ag+ sa ga+ se gc+ gc+ gj- ah- gi- ga+ sa sa sb aa- ab- gc+ gj- db sh sc sc gc+ ga+ ac- ge+ af+
    si aa- sd da sh gf+ af- sa sf aj+ af- sc gc+ gc+ ab+ gg- gb+ sa ah+ dc sf sa gb+ dg sa sc ge- aa- gb+ gi- si sc
    ga+ sc gb+ gc+ ab- sa gi+ ga+ gi+ gb+ gh- ac- ae+ ad+ ga+ sc sc aa- sf sh ag+ ac- db sb gc+ gb+ gb+ sa dd sb sc
    ab- ge- gi- sb gc+ ga+ gb+ ab- df gb+ sc sa gb+ sd sc
";
const ARC: &str = "
    se gc- sb ac+ gb+ si sa gc+ aa- gc+ sa ag+ ge- ga+ sb db sd gd+ sb sc sa gc+ sa gb+ gc+ gj- sb sc gi- si gi+ aa-
    sd gc+ gb+ gi+ ga+ ac- sc ae+ gd- gc+ sg ae- sd gb- gj- ga+ gb- ge+ gb- sc sh di gb- sd gc+ gc+ ae- gd+ sg gb-
    sc sb gb+ ab- aa+ sb sc ae+ aa+ sa sc ag- ag- si gc+ gc+ aa- gc+ sb ge+ gb+ ga+ ac- gd- gb+ sd sa sc gb+ gd+ ga+
    sf sd gg- ab- sa db gb- ai+ ad- ga+ sh aa- ga+ ga+ gg- sa gd+ sc sh ga+ sa sc ab+ sb sf gb+ sb si sd gd+ sb sj
    ab- sc sa sg gb+ gf- sc gc+ gc+ gf- sa ga+ gg+ sg gd+
";
const TWO_QUEUES: &str = "
    sd sh ac+ ga- sa sj sc af+ gc+ sb gb+ ag+ sh aa+ gc+ gb+ sj sa ga+ dc sb ga+ sh gb+ ai+ ab- gb+ sc sa sc db gd-
    db ab+ ab- sb dc gb+ gh- sa gj+ sb sb ad+ gg- sb gb+ aa- gc- ga+ gb+ sa gf- gb+ sb ga+ gg- sa ga+ gb+ si ga+ gb+
    sd da ga- ab- gc- gj+ sh ab- sb ac+ ac- sf ai+ sg gb+ sb gb+ ac+ ac- sa aa- sa sc sb gg- aa- sb sh gc+ sd sb ae+
    ge+ gd- sd ga- ge+ ac- sc gh+ sb gg- db sf sa sa ge+ aj+ ga+ gb- gc+ sb sa se ga+ sa sh ga+ gb+ ge+ sa gf- aj+
    sd ga+ sa sb sd gc- ag+ sb gh- gb+ sh se ab- ge+
";
const OTHER_RATIOS: &str = "
    gc- di sa sc sc sb sc gi- aa- sc gd- aj+ sa gc+ sa gc+ sa sf ai+ ac- sa sc ge- sc sb sb af- ah+ aa+ ac- sc gb+
    sb sa gh+ gh+ si ae+ gd- ac+ ai- sf gb- sf gc+ sc gi+ gj- gb- gh+ gc+ ge+ gb- si ac- dc gj- ab+ dc sc aa+ sg sa
    sh gb- ge- gc+ aa- gc+ gd- aj+ gb- gc+ ad+ sc sb gi- ac- ga- sb gc+ gd+ gc+ gb+ gf- sb gg+ gj- gb+ ga- gc+ sb di
    gg+ aa+ gh+ gc+ gg+ gc+ gh+ ge- gg+ ge- gf- sc ac- sa af+ gb- sa sb aa- gb+ ab- gc+ ai+ gd- ga+ ga+ aa- si gc+
    ga+ sa gc+ gh- sc sa ac- ga+ sc sc sf ai- sb aa- gb+ ae+ ga+ sf
";

fn open(config: serde_json::Value) -> Result<Lru, Problem> {
    let config = LruConfig::parse(&config, &forebay_sdk::config::Pointer::ROOT)?;
    Lru::open(config, &Context::new("lru"))
}

#[test]
fn what_is_kept_is_what_bento_keeps() {
    for (config, steps) in [
        (json!({"cap": 5}), STANDARD),
        (json!({"cap": 5, "algorithm": "arc"}), ARC),
        (json!({"cap": 5, "algorithm": "two_queues"}), TWO_QUEUES),
        (
            json!({"cap": 5, "algorithm": "two_queues", "two_queues_recent_ratio": 0.6, "two_queues_ghost_ratio": 1}),
            OTHER_RATIOS,
        ),
    ] {
        let mut cache = open(config.clone()).unwrap();
        for (index, step) in steps.split_whitespace().enumerate() {
            let key = &step[1..2];
            let answer = match &step[..1] {
                "s" => cache.set(key, b"v".to_vec(), None).map(|()| None),
                "d" => cache.delete(key).map(|()| None),
                "a" => cache.add(key, b"v".to_vec(), None).map(Some),
                _ => cache.get(key).map(|value| Some(value.is_some())),
            };
            let expected = step.chars().nth(2).map(|sign| sign == '+');
            assert_eq!(answer.unwrap(), expected, "step {index}, {step}, of {config}");
        }
    }
}

#[test]
fn the_first_values_are_there() {
    for algorithm in ["standard", "arc", "two_queues"] {
        let config = json!({"cap": 2, "algorithm": algorithm, "init_values": {"a": "1", "b": "2"}});
        let mut cache = open(config).unwrap();
        assert_eq!(cache.get("a").unwrap(), Some(b"1".to_vec()));
        cache.set("a", b"3".to_vec(), Some(Duration::ZERO)).unwrap();
        assert_eq!(cache.get("a").unwrap(), Some(b"3".to_vec()), "times are not regarded");
        cache.delete("a").unwrap();
        assert_eq!((cache.get("a").unwrap(), cache.get("b").unwrap()), (None, Some(b"2".to_vec())));
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let error = |config| open(config).err().unwrap().to_string();
    assert_eq!(error(json!({"cap": 0})), "/cap: invalid lru cache parameter capacity: must be bigger than 0");
    let ratio = |field: &str, ratio: f64| error(json!({"cap": 9, "algorithm": "two_queues", field: ratio}));
    let expected = "/two_queues_recent_ratio: invalid recent ratio: it must be between 0 and 1";
    assert_eq!(ratio("two_queues_recent_ratio", 1.1), expected);
    let expected = "/two_queues_ghost_ratio: must provide a positive size: of 9 this is less than one entry";
    assert_eq!(ratio("two_queues_ghost_ratio", 0.1), expected);
    assert!(open(json!({"two_queues_ghost_ratio": 7})).is_ok(), "another algorithm does not look at it");
    assert!(open(json!({"cap": i64::MAX})).is_ok());
}
