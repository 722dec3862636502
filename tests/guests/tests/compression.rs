//! Compression by the host as guests use it. The runtime's own tests have the hostile bytes.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use forebay_plugins_api::{Components as _, Processor, Rights, Setup};
use forebay_tests_guests::{World, batch, only, setup, soon, texts};
use serde_json::json;

async fn ask(processor: &mut dyn Processor, line: &str) -> String {
    let answer = only(soon(processor.process(batch(&[line]))).await.unwrap()).batch;
    answer.errors().map_or_else(|| texts(&answer).join(","), |(error, _)| format!("error: {error}"))
}

/// Whether the host did it, or gave up since it takes too long: that is so on slow machines only, and not where the bytes
/// are few.
fn is_done(answer: &str, done: &str) -> bool {
    answer == done || (answer.starts_with("error: ") && answer.ends_with(": it takes too long"))
}

#[tokio::test]
async fn a_guest_without_any_grant_has_pieces_compressed() {
    let world = World::of(&["toolbox"]).await;
    let setup = Setup { rights: Rights::Granted, ..setup("squeezer", json!({})) };
    let mut squeezer = world.plugins.open_processor(setup).await.unwrap();
    for name in ["zstd", "gzip", "snappy"] {
        assert_eq!(ask(&mut *squeezer, &format!("there-and-back {name} 8000 8000")).await, "true", "{name}");
        for length in [200_000, 2 << 20] {
            let answer = ask(&mut *squeezer, &format!("there-and-back {name} {length} {length}")).await;
            assert!(is_done(&answer, "true"), "{name} {length}: {answer}");
        }
        let answer = ask(&mut *squeezer, &format!("there-and-back {name} 1000 999")).await;
        assert_eq!(answer, format!("error: decompress {name}: it holds more than 999 bytes"));
        let answer = ask(&mut *squeezer, &format!("there-and-back {name} {} 1", (2 << 20) + 1)).await;
        assert_eq!(answer, "error: the host compresses 2097152 bytes at once, and not 2097153");
        let answer = ask(&mut *squeezer, &format!("decompress {name} nothing")).await;
        assert!(answer.starts_with(&format!("error: decompress {name}: ")), "{answer}");
    }
    for (name, few) in [("zstd", 100_000), ("gzip", 16_000)] {
        // Frames one after the other, up to what the host makes at once.
        assert_eq!(ask(&mut *squeezer, &format!("repeat {name} 1500")).await, "12000");
        let answer = ask(&mut *squeezer, &format!("repeat {name} 1048576")).await;
        assert!(is_done(&answer, "8388608"), "{name}: {answer}");
        let answer = ask(&mut *squeezer, &format!("repeat {name} 1048577")).await;
        let too_large = "error: the host decompresses into 8388608 bytes at once, and not into more";
        assert!(is_done(&answer, too_large), "{name}: {answer}");
        let fast: usize = ask(&mut *squeezer, &format!("compress {name} 1 {few}")).await.parse().unwrap();
        let slow: usize = ask(&mut *squeezer, &format!("compress {name} 6 {few}")).await.parse().unwrap();
        assert_ne!(slow, fast, "{name}");
        // Zstandard makes more of such lines on its sixth level than on its first.
        assert!(slow < fast || name == "zstd", "{name}: {slow}, {fast}");
        let answer = ask(&mut *squeezer, &format!("compress {name} 7 100")).await;
        assert_eq!(answer, format!("error: the host has no {name} of level 7"));
    }
    assert_eq!(
        ask(&mut *squeezer, "compress snappy 1 100").await,
        "error: the host has no snappy of level 1"
    );
}
