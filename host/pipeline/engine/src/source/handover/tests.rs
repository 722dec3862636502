//! Who hurries while an input gives something up.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::budget::{Budget, Hurry};

async fn a_while() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn who_collects_hurries_as_long_as_an_input_gives_something_up() {
    let (wakes, budget) = (Arc::<Wakes>::default(), Arc::new(Budget::new(1000)));
    let sky = Sky::new(&budget);
    let test = async {
        a_while().await;
        assert_eq!(budget.hurry_now(false), None);
        let handover = wakes.hand_over();
        a_while().await;
        assert_eq!(budget.hurry_now(false), Some(Hurry::Ending));
        drop(handover);
        a_while().await;
        assert_eq!(budget.hurry_now(false), None);
    };
    tokio::select! {
        () = hurry_on_handovers(&wakes, &sky) => {}
        () = test => {}
    }
}
