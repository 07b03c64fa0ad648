//! The loop, spoken to in frames.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use proptest::prelude::*;

use super::{Supervision, serve};
use crate::base::Map;
use crate::module::{Context, Module};
use crate::wire::preamble::{PreambleReader, magic_line};
use crate::wire::{Decoder, Message, Outcome, Packet, Request, Status, Stream, frame};

static MODULES: &[Module] = &[
    row("panic", |_, _| panic!("on purpose")),
    row("chatter", chatter),
    row("count", |_, context| {
        let read = context.link.upload(0).and_then(|mut upload| io::copy(&mut upload, &mut io::sink()));
        read.map_or_else(|e| Outcome::failed(e.to_string()), |size| Outcome::ok(false).with("size", size))
    }),
];

const fn row(name: &'static str, run: fn(&Map, &mut Context<'_>) -> Outcome) -> Module {
    Module { name, run }
}

/// Sends without end; says how it ended.
fn chatter(_: &Map, context: &mut Context<'_>) -> Outcome {
    loop {
        if let Err(error) = context.link.send(Stream::Stdout, &[b'x'; 1000]) {
            return Outcome::failed(error.to_string());
        }
    }
}

/// An agent and the controller's end of its stream.
struct Peer {
    stream: UnixStream,
    decoder: Decoder,
    agent: JoinHandle<io::Result<()>>,
}

impl Peer {
    fn new() -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        let output = theirs.try_clone().unwrap();
        let agent = thread::spawn(move || serve(theirs, output, MODULES, Supervision::Thread));
        let mut peer = Self { stream, decoder: Decoder::new(), agent };
        let mut line = vec![0; magic_line().len()];
        peer.stream.read_exact(&mut line).unwrap();
        assert!(PreambleReader::default().push(&line).unwrap().is_some());
        assert!(matches!(peer.next(), Some((0, Packet::Control(Message::Hello(_))))));
        peer
    }

    fn send(&mut self, channel: u32, message: &Message) {
        self.stream.write_all(&message.to_bytes(channel).unwrap()).unwrap();
    }

    fn start(&mut self, channel: u32, module: &str, uploads: u32) {
        let plain = Request::plain("r1".into(), 1, module, Map::new(), Duration::from_millis(100));
        let request = Request { stream: true, uploads, ..plain };
        self.send(channel, &Message::Start(Box::new(request)));
    }

    fn next(&mut self) -> Option<(u32, Packet)> {
        let mut piece = [0; 4096];
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Some((frame.channel, Packet::of(frame).unwrap()));
            }
            match self.stream.read(&mut piece).unwrap() {
                0 => return None,
                count => self.decoder.push(&piece[..count]),
            }
        }
    }

    /// The last message, when the agent ends because of us.
    fn goodbye(mut self) -> String {
        loop {
            if let (0, Packet::Control(Message::Goodbye { reason })) = self.next().unwrap() {
                assert!(self.agent.join().unwrap().is_err());
                return reason.unwrap();
            }
        }
    }
}

fn done(packet: Option<(u32, Packet)>) -> (u32, Outcome) {
    match packet {
        Some((channel, Packet::Control(Message::Done(outcome)))) => (channel, *outcome),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_panic_is_an_outcome() {
    let mut peer = Peer::new();
    for channel in [7, 8] {
        peer.start(channel, "panic", 0);
        let (answered, outcome) = done(peer.next());
        assert_eq!((answered, outcome.status), (channel, Status::Failed));
        assert_eq!(outcome.msg.unwrap(), "module `panic` panicked: on purpose");
    }
    drop(peer.stream);
    peer.agent.join().unwrap().unwrap();
}

#[test]
fn output_stops_where_credit_ends() {
    use crate::wire::control::{Flow, OUTPUT_WINDOW};
    let mut peer = Peer::new();
    peer.start(1, "chatter", 0);
    let mut size = 0;
    let mut window = OUTPUT_WINDOW;
    for round in 0..3 {
        while size < window {
            let Some((1, Packet::Output(Stream::Stdout, bytes))) = peer.next() else { panic!("output") };
            size += bytes.len() as u64;
        }
        assert_eq!(size, window, "round {round}");
        // What comes next is the answer, not more output.
        peer.send(0, &Message::Ping { token: round });
        assert!(
            matches!(peer.next(), Some((0, Packet::Control(Message::Pong { token, .. }))) if token == round)
        );
        peer.send(1, &Message::Credit { flow: Flow::Output, bytes: 10_000 });
        window += 10_000;
    }
    peer.stream.shutdown(std::net::Shutdown::Write).unwrap();
    while let Some((_, packet)) = peer.next() {
        if let Packet::Control(Message::Done(outcome)) = packet {
            assert_eq!(outcome.msg.unwrap(), "broken pipe");
        }
    }
    peer.agent.join().unwrap().unwrap();
}

#[test]
fn uploads_are_counted_and_their_errors_reach_the_module() {
    let mut peer = Peer::new();
    peer.start(1, "count", 1);
    let mut bytes = Vec::new();
    frame::encode_upload(1, 0, &[1; 5000], &mut bytes);
    peer.stream.write_all(&bytes).unwrap();
    peer.send(1, &Message::UploadEnd { number: 0, error: Some("the disk is gone".into()) });
    let outcome = loop {
        match peer.next() {
            Some((1, Packet::Control(Message::Credit { .. }))) => {}
            packet => break done(packet).1,
        }
    };
    assert_eq!(outcome.msg.unwrap(), "the disk is gone");
}

#[test]
fn a_controller_that_breaks_the_rules_is_told() {
    let mut peer = Peer::new();
    peer.start(1, "count", 1);
    peer.start(1, "count", 1);
    assert_eq!(peer.goodbye(), "a request on a channel that is in use");

    let mut peer = Peer::new();
    peer.start(0, "count", 1);
    assert_eq!(peer.goodbye(), "a request on a channel that is in use");

    let mut peer = Peer::new();
    peer.start(1, "count", 1);
    let mut bytes = Vec::new();
    frame::encode_upload(1, 1, b"x", &mut bytes);
    peer.stream.write_all(&bytes).unwrap();
    assert_eq!(peer.goodbye(), "an upload that was not announced");

    let mut peer = Peer::new();
    peer.start(1, "chatter", 1);
    let mut bytes = Vec::new();
    frame::encode_upload(1, 0, &vec![0; 65537], &mut bytes);
    peer.stream.write_all(&bytes).unwrap();
    assert_eq!(peer.goodbye(), "more of an upload than was asked for");

    let mut peer = Peer::new();
    peer.send(1, &Message::Done(Box::default()));
    assert_eq!(peer.goodbye(), "a message that only an agent sends");

    let mut peer = Peer::new();
    peer.stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    assert_eq!(peer.goodbye(), "a frame of 1195725856 bytes, allowed are 5 to 262149");
}

proptest! {
    #[test]
    fn any_input_ends_the_loop_in_order(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0..6_u8) {
        let mut framed = (u32::try_from(bytes.len()).unwrap() + 5).to_be_bytes().to_vec();
        framed.push(kind);
        framed.extend([0, 0, 0, 1]);
        framed.extend(&bytes);
        drop(serve(framed.as_slice(), io::sink(), MODULES, Supervision::Thread));
        drop(serve(bytes.as_slice(), io::sink(), MODULES, Supervision::Thread));
    }
}
