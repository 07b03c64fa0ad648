//! Listening to a sampler, from where it was left until it ends: its lines become samples that are kept, and are told.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::delegate::Place;
use super::monitors::Started;
use super::unit::Unit;
use crate::base::{Map, Value};
use crate::connection::{Call, CallError, Cancel, Endpoint, Progress};
use crate::event::{Event, JournalError, Record, Sampled, Samples};
use crate::plan::StepKind;
use crate::wire::samples::Line;
use crate::wire::{Column, Outcome, Sample, Status, Stream};

/// The first pause after a connection was lost; each is twice the one before.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause: somebody else may need the room more.
const LONGEST: Duration = Duration::from_secs(30);

/// A sampler that somebody listens to.
pub struct Watched {
    /// As `monitors:` names it.
    pub name: String,
    cancel: Cancel,
    ended: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Watched {
    /// Asks it to end.
    pub fn ask(&self) {
        self.cancel.cancel(Duration::ZERO);
    }

    /// Asks it to end, and waits until its last samples are kept. False: that took too long.
    pub async fn end(&self, patience: Duration) -> bool {
        self.ask();
        let mut ended = self.ended.clone();
        // Who listens is gone only when it has ended.
        timeout(patience, ended.wait_for(|ended| *ended)).await.is_ok()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who listens to a sampler.
pub struct Following {
    /// The step that started it, on its host.
    pub unit: Unit,
    /// The sampler.
    pub started: Started,
}

/// Listens from now on.
pub fn follow(unit: Unit, started: Started) -> Watched {
    let (cancel, name) = (unit.cancel.clone(), started.name.clone());
    let (sender, ended) = watch::channel(false);
    let following = Following { unit, started };
    let task = tokio::spawn(async move {
        following.listen().await;
        // Nobody waits when the run is over.
        let _ = sender.send(true);
    });
    Watched { name, cancel, ended, task }
}

/// Why nobody listens any more.
enum Stopped {
    /// The connection was lost; the sampler may go on.
    Lost(String),
    /// The journal cannot be written: the dispatcher will notice too.
    Journal,
}

impl Following {
    async fn listen(&self) {
        let Ok(known) = self.unit.shared.journal.sampled(&self.started.job) else { return };
        let mut reader = Reader::from(known);
        let endpoint = match self.endpoint() {
            Ok(endpoint) => endpoint,
            Err(reason) => return self.tell(&reader, None, Some(reason)),
        };
        let mut pause = FIRST;
        loop {
            let last_try = self.unit.cancel.is_cancelled();
            let until = reader.until;
            match self.attach(&endpoint, &mut reader).await {
                Ok(outcome) => {
                    self.forget(&endpoint).await;
                    let asked = self.unit.cancel.is_cancelled();
                    let why = outcome.msg.clone().unwrap_or_else(|| "it ended by itself".to_owned());
                    let problem = (!asked || outcome.status == Status::Failed).then_some(why);
                    return self.tell(&reader, Some(&outcome), problem);
                }
                Err(Stopped::Journal) => return,
                Err(Stopped::Lost(reason)) if last_try => return self.tell(&reader, None, Some(reason)),
                Err(Stopped::Lost(_)) => {
                    if reader.until > until {
                        pause = FIRST;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.unit.cancel.cancelled() => {}
                    }
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }

    /// Where it samples.
    fn endpoint(&self) -> Result<Endpoint, String> {
        let StepKind::MonitorStart(monitoring) = &self.unit.step.kind else {
            return Err("this step starts no monitor".to_owned());
        };
        let templar = self.unit.plain_templar(self.unit.scope());
        let place = Place::of_machine(&self.unit, &monitoring.inherited, &templar);
        place.map_err(|error| super::unit::said(&error))?.endpoint
    }

    /// Takes what comes until the sampler ends or the connection does.
    async fn attach(&self, endpoint: &Endpoint, reader: &mut Reader) -> Result<Outcome, Stopped> {
        let lost = |reason: CallError| Stopped::Lost(reason.to_string());
        let session = self.unit.shared.pool.session(endpoint).await;
        let session = session.map_err(|error| Stopped::Lost(error.told()))?.session();
        let request = self.request(reader.until);
        let mut call = session.start(request, Vec::new(), self.unit.cancel.clone()).map_err(lost)?;
        reader.rest.clear();
        loop {
            match call.next().await.map_err(lost)? {
                Progress::Output(Stream::Stdout, bytes) => {
                    let news = reader.read(&bytes);
                    self.keep(reader, news).await.map_err(|_| Stopped::Journal)?;
                }
                Progress::Output(..) => {}
                Progress::Done(outcome) => return Ok(*outcome),
            }
        }
    }

    /// Samples of one look or several are kept, then told.
    async fn keep(&self, reader: &Reader, news: Vec<News>) -> Result<(), JournalError> {
        let shared = &self.unit.shared;
        let (host, monitor) = (&self.unit.host.name, &self.started.name);
        for news in news {
            match news {
                News::Samples(columns, rows) => {
                    let samples = Samples {
                        time: shared.clock.now(),
                        job: self.started.job.clone(),
                        host: host.clone(),
                        monitor: monitor.clone(),
                        columns: columns.clone(),
                        rows: rows.clone(),
                        until: reader.until,
                    };
                    shared.journal.commit(vec![Record::Sampled(Box::new(samples))]).await?;
                    let (host, monitor) = (host.clone(), monitor.clone());
                    (shared.events)(&Event::Sampled { host, monitor, columns, rows });
                }
                News::Trouble(text) => self.warn(&text),
            }
        }
        Ok(())
    }

    /// The samples are kept: the target may forget the job.
    async fn forget(&self, endpoint: &Endpoint) {
        let args = Map::from_iter([("job", self.started.job.as_str())]);
        let request = self.unit.shared.service("_forget", args, Duration::ZERO);
        if let Ok(session) = self.unit.shared.pool.session(endpoint).await {
            // What stays is removed at the end of the run.
            let _ = session.call(request, Call::default()).await;
        }
    }

    fn warn(&self, text: &str) {
        let text = format!("{}: monitor `{}`: {text}", self.unit.host.name, self.started.name);
        self.unit.say(Event::Warning { text });
    }

    /// It is over.
    fn tell(&self, reader: &Reader, outcome: Option<&Outcome>, problem: Option<String>) {
        if let Some(problem) = &problem {
            self.warn(&format!("no more samples: {problem}"));
        }
        let value = |key: &str| outcome.and_then(|outcome| outcome.values.get(key));
        let count = |key: &str| value(key).and_then(Value::as_int).and_then(|n| u64::try_from(n).ok());
        self.unit.say(Event::MonitorEnded {
            host: self.unit.host.name.clone(),
            monitor: self.started.name.clone(),
            step: Some(self.unit.step.id.clone()),
            samples: count("samples").unwrap_or(reader.samples),
            late: count("late").unwrap_or(0),
            cpu_seconds: value("cpu_seconds").and_then(Value::as_float).unwrap_or(0.0),
            problem,
        });
    }
}

/// What came from a sampler.
#[derive(Debug, PartialEq)]
enum News {
    /// Samples with the same columns.
    Samples(Vec<Column>, Vec<Sample>),
    /// Why there are none for a while.
    Trouble(String),
}

/// Makes lines of pieces, and samples of lines.
#[derive(Debug, Default)]
struct Reader {
    /// How many bytes were whole lines.
    until: u64,
    /// The line that is not whole yet.
    rest: Vec<u8>,
    columns: Vec<Column>,
    samples: u64,
}

impl From<Sampled> for Reader {
    fn from(known: Sampled) -> Self {
        Self { until: known.until, columns: known.columns, ..Self::default() }
    }
}

impl Reader {
    /// What these bytes bring. A line that is none of a sampler's, or has other values than its columns, is passed by.
    fn read(&mut self, bytes: &[u8]) -> Vec<News> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let later = self.rest.split_off(whole);
        let lines = std::mem::replace(&mut self.rest, later);
        self.until += lines.len() as u64;
        let mut news: Vec<News> = Vec::new();
        for line in String::from_utf8_lossy(&lines).lines().filter_map(Line::parse) {
            match line {
                Line::Columns(columns) => self.columns = columns,
                Line::Trouble(text) => news.push(News::Trouble(text)),
                Line::Sample(sample) if sample.values.len() == self.columns.len() => {
                    self.samples += 1;
                    match news.last_mut() {
                        Some(News::Samples(columns, rows)) if *columns == self.columns => rows.push(sample),
                        _ => news.push(News::Samples(self.columns.clone(), vec![sample])),
                    }
                }
                Line::Sample(_) => {}
            }
        }
        news
    }
}
