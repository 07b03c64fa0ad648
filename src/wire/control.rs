//! Control messages: what the two sides say about requests, credit and themselves. CBOR inside control frames.

use serde::{Deserialize, Serialize};

use super::cbor;
use super::frame::{self, Frame, FrameError, Kind};
use super::{Dial, Outcome, Request, Stream};
use crate::base::Timestamp;

/// The version of everything in this folder. Both sides must have the same.
pub const PROTOCOL: u32 = 1;
/// How many bytes of output (stdout, stderr and downloads together) an agent may send on a channel before credit comes.
pub const OUTPUT_WINDOW: u64 = 1024 * 1024;
/// How many bytes of an upload may be sent before the module opens it, so that a small file needs no round trip.
pub const UPLOAD_AHEAD: u64 = 64 * 1024;
/// How many more bytes of an opened upload may be on their way.
pub const UPLOAD_WINDOW: u64 = 1024 * 1024;

/// Most messages are shorter than this, in bytes.
const USUAL: usize = 512;

/// Who answers: the first message of an agent, on channel 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the agent's build.
    pub protocol: u32,
    /// The agent's program version.
    pub build: String,
    /// `linux`.
    pub os: String,
    /// `x86_64`, `aarch64`, …
    pub arch: String,
    /// The user it runs as.
    pub uid: u32,
    /// That user's name in /etc/passwd; empty when it is not there.
    #[serde(default)]
    pub user: String,
    /// The kernel's id of this boot; empty without /proc.
    pub boot_id: String,
    /// The target's time of day when it was sent.
    pub clock: Timestamp,
    /// The path of its own program; empty when it does not know.
    #[serde(default)]
    pub program: String,
}

/// What credit is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Everything the agent sends on the channel.
    Output,
    /// The upload with this number.
    Upload(u32),
}

/// A control message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Agent: who answers.
    Hello(Hello),
    /// Controller: run a module; the frame's channel is new.
    Start(Box<Request>),
    /// Controller: open a stream; the frame's channel is new. `Done` says that it ended, and why when it did not go well.
    Dial(Box<Dial>),
    /// Agent: the invocation or the stream ended; the last message of its channel.
    Done(Box<Outcome>),
    /// Controller: TERM now, KILL after this many milliseconds. A second one may shorten the first.
    Cancel {
        /// Milliseconds from TERM to KILL.
        grace_ms: u64,
    },
    /// Either: this many more bytes may be sent.
    Credit {
        /// Of what.
        flow: Flow,
        /// How many.
        bytes: u64,
    },
    /// Controller: an upload is complete, or cannot be completed.
    UploadEnd {
        /// Which.
        number: u32,
        /// Why it stops early.
        error: Option<String>,
    },
    /// Controller: are you there, and what time is it?
    Ping {
        /// Comes back in the answer.
        token: u64,
    },
    /// Agent: the answer.
    Pong {
        /// Of the question.
        token: u64,
        /// The target's time of day.
        clock: Timestamp,
    },
    /// Either: the last message of the connection.
    Goodbye {
        /// Why, when it is not as planned.
        reason: Option<String>,
    },
}

/// A frame with its meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet {
    /// A control message.
    Control(Message),
    /// Output of the agent.
    Output(Stream, Vec<u8>),
    /// A piece of an upload, by its number.
    Upload(u32, Vec<u8>),
}

/// Why what came in cannot be understood. The stream cannot be used any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Not a message.
    #[error("a message that cannot be read: {0}")]
    Message(String),
    /// More bytes than credit was given for, a message for nobody, …
    #[error("{0}")]
    Order(&'static str),
    /// Longer than [`frame::MAX_MESSAGE`].
    #[error("a message of {0} bytes is too long to send")]
    TooLong(usize),
}

impl Message {
    /// Appends the message to `out` as frames of `channel`, or nothing.
    pub fn encode(&self, channel: u32, out: &mut Vec<u8>) -> Result<(), WireError> {
        let start = frame::begin(out);
        let written = cbor::append(self, out).map_err(|e| WireError::Message(e.to_string()));
        let length = out.len() - start - frame::HEADER;
        let fits =
            written.and(if length > frame::MAX_MESSAGE { Err(WireError::TooLong(length)) } else { Ok(()) });
        match fits {
            Ok(()) => frame::seal(Kind::Control, channel, start, out),
            Err(_) => out.truncate(start),
        }
        fits
    }

    /// The message as frames of `channel`.
    pub fn to_bytes(&self, channel: u32) -> Result<Vec<u8>, WireError> {
        let mut out = Vec::with_capacity(USUAL);
        self.encode(channel, &mut out)?;
        Ok(out)
    }
}

impl Packet {
    /// Reads what a frame says.
    pub fn of(frame: Frame) -> Result<Self, WireError> {
        Ok(match frame.kind {
            Kind::Control => {
                let message = cbor::read(&frame.payload);
                Packet::Control(message.map_err(|e| WireError::Message(e.to_string()))?)
            }
            Kind::ControlPart => return Err(WireError::Order("a part of a message without its end")),
            Kind::Stdout => Packet::Output(Stream::Stdout, frame.payload),
            Kind::Stderr => Packet::Output(Stream::Stderr, frame.payload),
            Kind::Download => Packet::Output(Stream::Download, frame.payload),
            Kind::Upload => {
                let (number, bytes) = frame
                    .payload
                    .split_first_chunk::<4>()
                    .ok_or(WireError::Order("an upload without its number"))?;
                Packet::Upload(u32::from_be_bytes(*number), bytes.to_vec())
            }
        })
    }
}

impl Stream {
    /// The kind of frame that carries it.
    pub fn kind(self) -> Kind {
        match self {
            Stream::Stdout => Kind::Stdout,
            Stream::Stderr => Kind::Stderr,
            Stream::Download => Kind::Download,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Map, Value};
    use crate::wire::{Decoder, Escalation, Method, Status};
    use proptest::prelude::*;

    fn back(message: &Message) -> Message {
        let mut decoder = Decoder::new();
        decoder.push(&message.to_bytes(3).unwrap());
        let frame = decoder.next().unwrap().unwrap();
        assert_eq!((frame.channel, decoder.next()), (3, Ok(None)));
        match Packet::of(frame).unwrap() {
            Packet::Control(message) => message,
            other => panic!("{other:?}"),
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i128>().prop_map(Value::from),
            any::<i8>().prop_map(Value::from),
            (-1e300..1e300).prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(|b| Value::Bytes(b.into())),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
                prop::collection::btree_map(".{0,8}", inner, 0..6)
                    .prop_map(|m| Value::from(Map::from_iter(m))),
            ]
        })
    }

    proptest! {
        #[test]
        fn outcomes_survive_the_wire(value in any_value(), rc in any::<i32>()) {
            let outcome = Outcome { status: Status::Failed, ..Outcome::ok(true) }.with("value", value).with("rc", rc);
            let message = Message::Done(Box::new(outcome));
            prop_assert_eq!(back(&message), message);
        }

        #[test]
        fn dials_survive_the_wire(user in ".{0,20}", exe in prop::option::of(".{0,20}"), password in prop::option::of(".{0,20}"), method in 0..3_usize) {
            let password = password.map(Into::into);
            let escalation = Escalation { method: Method::ALL[method], user, flags: exe.clone(), exe, password };
            let message = Message::Dial(Box::new(Dial::Agent(escalation)));
            prop_assert_eq!(back(&message), message);
        }

        #[test]
        fn requests_survive_the_wire(value in any_value(), words in prop::collection::vec(".{0,8}", 4), number: u64) {
            let request = Request {
                run: "20261121T203100Z-x".into(),
                term: number,
                module: words[0].clone(),
                args: Map::from_iter([(words[1].clone(), value)]),
                check: number % 2 == 0,
                diff: number % 3 == 0,
                environment: vec![(words[2].clone(), words[3].clone())],
                timeout_ms: (number % 5 == 0).then_some(number),
                grace_ms: number,
                stream: number % 7 == 0,
                uploads: 3,
                job: None,
            };
            let message = Message::Start(Box::new(request));
            prop_assert_eq!(back(&message), message);
        }

        #[test]
        fn a_damaged_message_is_read_or_refused(value in any_value(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
            let message = Message::Done(Box::new(Outcome::ok(true).with("value", value)));
            let mut payload = message.to_bytes(0).unwrap().split_off(frame::HEADER);
            for (place, byte) in damage {
                let at = place.index(payload.len());
                payload[at] = byte;
            }
            if let Ok(Packet::Control(message)) = Packet::of(Frame { kind: Kind::Control, channel: 0, payload }) {
                prop_assert_eq!(back(&message).to_bytes(0), message.to_bytes(0));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..400)) {
            let frame = Frame { kind: Kind::Control, channel: 0, payload };
            if let Ok(Packet::Control(message)) = Packet::of(frame) {
                prop_assert_eq!(back(&message).to_bytes(0), message.to_bytes(0));
            }
        }
    }

    #[test]
    fn a_dial_carries_its_password_and_does_not_show_it() {
        let escalation = Escalation {
            method: Method::Doas,
            user: "bob".into(),
            exe: None,
            flags: Some("-i".into()),
            password: Some("hunter2".into()),
        };
        let message = Message::Dial(Box::new(Dial::Agent(escalation)));
        assert_eq!(back(&message), message);
        assert!(!format!("{message:?}").contains("hunter2"));
    }

    #[test]
    fn text_longer_than_any_buffer_survives() {
        let long = "é".repeat(300_000);
        let message = Message::Done(Box::new(
            Outcome::ok(false).with("stdout", long.as_str()).with("long", vec![long.as_str()]),
        ));
        assert_eq!(back(&message), message);
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let frame = Frame { kind: Kind::Control, channel: 0, payload: vec![0x81; 200_000] };
        assert!(matches!(Packet::of(frame), Err(WireError::Message(_))));
    }
}
