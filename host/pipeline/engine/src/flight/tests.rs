use forebay_metrics::Metrics;
use forebay_plugins_api::{PipelineName, Setup};
use forebay_traces::Tracer;

use super::*;
use crate::budget::Budget;
use crate::meters::InputMeter;

fn settlements() -> Arc<Settlements> {
    let setup = Setup::new(PipelineName::new("test"), "", "script".parse().unwrap());
    let meter = InputMeter::of(&Metrics::default(), &Tracer::off(), &setup);
    Settlements::new(&Arc::default(), &meter)
}

#[test]
fn what_is_declined_is_not_sent_again() {
    let sky = Sky::new(&Arc::new(Budget::new(1 << 20)));
    let settlements = settlements();
    let batch = Batch::from_payloads(["a", "b"].map(Some), true);
    for token in [1, 2] {
        let flight = Flight::of_token(&sky, &batch, Token(token), &settlements, None);
        let transaction = flight.transaction(batch.clone(), Again::Host);
        drop(flight);
        match token {
            1 => transaction.decline("the end"),
            _ => transaction.reject("not now"),
        }
    }
    // What failed is kept, to be sent again; the input is told of the other one alone.
    assert_eq!(sky.failed.lock().unwrap().len(), 1);
    assert!(!settlements.has_rejected() && !settlements.has_failed());
    let (told, failed) = settlements.take_counted();
    let [Settlement { token: Token(1), outcome: Outcome::Rejected(rejection), .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(rejection.declined && rejection.reason == "the end" && failed == 0);
}

#[test]
fn a_stream_of_which_all_was_declined_has_not_failed() {
    let sky = Sky::new(&Arc::new(Budget::new(1 << 20)));
    let settlements = settlements();
    let batch = Batch::from_payloads(["a", "b"].map(Some), true);
    for is_declined in [true, false] {
        let stream = StreamFlight::new(Token(7), &settlements, StreamKind::ReadAgain, None);
        for (number, is_last) in [(0, false), (2, true)] {
            let flight = Flight::of_stream(&sky, &batch, &stream, Numbers::From(number));
            let transaction = flight.transaction(batch.clone(), Again::Input);
            if is_declined || is_last {
                transaction.decline("the end");
            } else {
                transaction.reject("not now");
            }
        }
        drop(stream);
        assert_eq!(settlements.has_failed(), !is_declined);
        let (told, failed) = settlements.take_counted();
        assert_eq!((told.len(), failed), (1, usize::from(!is_declined)));
        assert!(settlements.take_left(Token(7)).unwrap().has_rejected());
    }
}

#[test]
fn messages_of_parts_are_not_named_as_those_of_the_whole() {
    let sky = Sky::new(&Arc::new(Budget::new(1 << 20)));
    let settlements = settlements();
    let batch = Batch::from_payloads(["a", "b", "c", "d"].map(Some), true);
    let flight = Flight::of_token(&sky, &batch, Token(0), &settlements, None);
    let halves = [batch.slice(0, 2), batch.slice(2, 4)];
    let halves = halves.map(|half| flight.transaction_of(half.unwrap(), None, 2, Again::Host));
    drop(flight);
    for half in halves {
        let (first, second) = half.cut(1);
        first.decline("the end");
        second.unwrap().acknowledge();
    }
    let told = settlements.take();
    let [Settlement { outcome: Outcome::Rejected(rejection), .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((rejection.messages.as_deref(), rejection.declined), (None, true));
}
