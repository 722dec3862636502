use std::io::Write;
use std::sync::Once;

static INSTALLED: Once = Once::new();

/// Makes a panic write one line to the standard error before it traps, so that the host can say why
/// the instance ended.
pub fn install() {
    INSTALLED.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            // There is nobody to tell when even this fails.
            let text = panic.to_string().replace('\n', "; ");
            let _ = writeln!(std::io::stderr(), "{text}");
        }));
    });
}
