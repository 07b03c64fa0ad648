//! A connection that is lost in the middle of a round: the case does not notice.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use benchbook::connection::memory::Memory;
use benchbook::connection::{BoxFuture, ConnectError, Connector, Link};
use benchbook::event::{Event, Fate};
use benchbook::wire::Status;
use tokio::io::AsyncReadExt;

use super::harness::Stage;

/// After how many bytes connections end. The first also makes the folder of the case.
const BYTES: [u64; 4] = [2000, 1500, 1500, 1500];

/// An agent in this process, and how many connections it had.
#[derive(Default)]
struct Shaky(AtomicUsize);

impl Connector for Shaky {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let link = Memory::new().open().await?;
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let bytes = BYTES.get(number).copied().unwrap_or(u64::MAX);
            Ok(Link { input: Box::new(link.input.take(bytes)), ..link })
        })
    }

    fn name(&self) -> String {
        "shaky".into()
    }
}

#[test]
fn a_round_survives_lost_connections() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/run-special/shaky");
    let lost = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&lost);
    let mut stage = Stage::new(&folder);
    stage.connect = |pool, endpoint| pool.with(endpoint, Shaky::default());
    stage.hear = Arc::new(move |event| {
        if matches!(event, Event::Warning { text } if text.contains("the job goes on there")) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if let Event::StepEnded { fate, name, .. } = event {
            assert!(!matches!(fate, Fate::Ran { status: Status::Failed, .. }), "{name}: {event:?}");
        }
    });
    let journal = Arc::clone(&stage.journal);
    let text = stage.run();
    assert!(lost.load(Ordering::Relaxed) == BYTES.len(), "{text}");
    let lines: String = (1..=400).map(|i| format!("line {i}\n")).collect();
    assert_eq!(journal.said("measure"), lines, "{text}");
    assert!(text.contains("n1 rate {} = 400"), "{text}");
}
