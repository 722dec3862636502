//! Inputs that give something up, for which others wait until what was handed out of it is delivered.

#[cfg(test)]
mod tests;

use forebay_plugins_api::Wakes;

use crate::flight::Sky;

/// Has what is collected go on as long as the input gives something up.
pub(crate) async fn hurry_on_handovers(wakes: &Wakes, sky: &Sky) {
    loop {
        wakes.wait_for_handover().await;
        sky.hurrying(wakes.wait_for_no_handover()).await;
    }
}
